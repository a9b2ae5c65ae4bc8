import { afterAll, expect, test } from "bun:test";
import type { QueueState, QueuesReply, WorkersReply } from "../../contracts/api-queries.ts";
import { newJobId } from "../../contracts/ids.ts";
import { openBus } from "../../shared/bus/open.ts";
import { createdEvent } from "../../shared/created-event.ts";
import { createEventMaker, joinEnvelopes } from "../../shared/event.ts";
import sleep from "../../shared/job-types/sleep.ts";
import { createLog } from "../../shared/log.ts";
import { newerSources } from "../support/newer-sources.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const GREET = `
import { Type } from "@sinclair/typebox";
import { defineJobType } from "./define.ts";

export default defineJobType({
  name: "greet",
  version: "1.0.0",
  description: "Says hello",
  payload: Type.Object(
    { name: Type.String({ maxLength: 100 }), greeting: Type.String({ default: "Hello" }) },
    { additionalProperties: false },
  ),
  example: { name: "Ada" },
  retry: { maxAttempts: 4, baseMs: 10, capMs: 10 },
  deadlineMs: 5_000,
  async run({ name, greeting }) {
    return { text: \`\${greeting}, \${name}\` };
  },
});
`;

/** The next version's sources, with one more job type and a new optional field in an existing type. */
const newer = newerSources({
  add: { "shared/job-types/greet.ts": GREET },
  replace: {
    "shared/job-types/sleep.ts": [
      [`version: "${sleep.version}"`, 'version: "1.1.0"'],
      ["payload: Type.Object(\n    {", "payload: Type.Object(\n    { note: Type.Optional(Type.String()),"],
    ],
  },
});
afterAll(() => newer[Symbol.dispose]());

const makeEvent = createEventMaker({ service: "test", instanceId: "test-1", version: "1.0.0" });

behavior("a rolling upgrade", { env: { processor: { CONCURRENCY: "4" } } }, (world) => {
  const queue = (type: string, holds: (state: QueueState) => boolean) =>
    eventually(
      async () =>
        (await world().get<QueuesReply>("/queues")).queues.find(
          (state) => state.type === type && holds(state),
        ),
      { what: `the queue of ${type}` },
    );
  const accepted: string[] = [];
  const submit = async (job: Record<string, unknown>) => {
    const id = await world().submit(job);
    accepted.push(id);
    return id;
  };
  const greet = { type: "greet", payload: { name: "Ada" } };
  const noted = { type: "sleep", payload: { ms: 1, note: "new" } };

  test("with a newer gateway and older processors, jobs of unknown types wait visibly and the others run", async () => {
    const old = world().running.gateway;
    await world().start("gateway", {}, newer.root);
    await old.stop();
    const waiting = [await submit(greet), await submit(noted)];
    await world().untilAll(waiting, "VALIDATED");
    await world().untilStatus(await submit({ type: "hash", payload: { text: "known" } }), "COMPLETED");
    expect(await queue("greet", ({ waiting }) => waiting === 1)).toMatchObject({
      workers: 0,
      withoutWorker: 1,
      note: "no worker runs this type",
    });
    expect(await queue("sleep", ({ waiting }) => waiting === 1)).toMatchObject({
      workers: 1,
      withoutWorker: 1,
      note: "no worker runs this type at version 1.1 or newer",
    });
    expect(await queue("hash", () => true)).toMatchObject({ workers: 1, withoutWorker: 0 });
    const metrics = await eventually(
      async () => {
        const text = await (await fetch(`${world().running["metrics-engine"].url}/metrics`)).text();
        return /observatory_jobs_without_worker\{[^}]*type="greet"[^}]*\} 1\b/.test(text) && text;
      },
      { what: "the metric of jobs without a worker" },
    );
    expect(metrics).toMatch(/observatory_jobs_without_worker\{[^}]*type="hash"[^}]*\} 0\b/);
    await world().untilAll(waiting, "VALIDATED");
  });

  test("commands on a type without a worker report the missing worker and name the remedies", async () => {
    const note = expect.stringMatching(
      /^No worker runs greet.*1 job waits.*POST \/jobs\/actions.*type:greet$/,
    );
    const paused = await world().post("/queues/greet/pause");
    expect([paused.status, await paused.json()]).toEqual([
      200,
      { type: "greet", paused: true, changed: true, note },
    ]);
    const resumed = await world().post("/queues/greet/resume");
    expect(await resumed.json()).toEqual({ type: "greet", paused: false, changed: true, note });
    const [id = ""] = accepted;
    await world().post(`/jobs/${id}/cancel`);
    const retried = await world().post(`/jobs/${id}/retry`);
    expect([retried.status, await retried.json()]).toMatchObject([
      200,
      { jobId: id, status: "VALIDATED", note },
    ]);
    await world().post(`/jobs/${id}/cancel`);
    const many = await world().post("/jobs/actions", {
      action: "retry",
      filter: "type:greet status:cancelled",
    });
    expect(await many.json()).toMatchObject({
      changed: 1,
      note: expect.stringMatching(/^No worker runs greet, .*type:greet$/),
    });
  });

  test("old and new processors running side by side each take only jobs of the types they support", async () => {
    await world().start("processor", {}, newer.root);
    await world().untilAll(accepted, "COMPLETED");
    const { workers } = await world().get<WorkersReply>("/workers");
    const types = workers.map((worker) => worker.types?.includes("greet")).sort();
    expect(types).toEqual([false, true]);

    for (let i = 0; i < 40; i++)
      await submit(
        [greet, noted, { type: "sleep" }, { type: "hash", payload: { text: "x" } }][i % 4] ?? greet,
      );
    await world().untilAll(accepted, "COMPLETED");
    const [greeted] = await world().sql`
      select result, max_attempts, deadline_ms from jobs where id = ${accepted[0] ?? ""}`;
    expect(greeted).toEqual({ result: { text: "Hello, Ada" }, max_attempts: 4, deadline_ms: 5_000 });
  });

  test("when the old processor stops under load, every job completes and none is refused", async () => {
    for (let i = 0; i < 30; i++)
      await submit([greet, noted, { type: "sleep", payload: { ms: 20 } }][i % 3] ?? greet);
    const leaving = world().workers[0]?.stop();
    for (let i = 0; i < 30; i++) await submit([greet, noted, { type: "sleep" }][i % 3] ?? greet);
    expect(await leaving).toBe(0);
    await world().untilAll(accepted, "COMPLETED");
    expect(await world().sql`select reason, detail from dead_letters`).toHaveLength(0);
  });

  test("a job whose payload does not fit its type fails once a worker that supports the type takes it", async () => {
    const event = createdEvent(
      makeEvent,
      { jobId: newJobId(), jobType: "salute", payload: { who: 1 } },
      { correlationId: crypto.randomUUID() },
    );
    const log = createLog({ service: "test", level: "silent" });
    const bus = openBus({ url: world().urls.BUS_URL, name: "test", log });
    await bus.connected();
    await bus.publish("jobs.created", joinEnvelopes([JSON.stringify(event)]));
    await bus.close();
    await world().untilStatus(event.payload.jobId, "VALIDATED");

    using newest = newerSources({
      add: {
        "shared/job-types/salute.ts": GREET.replace('"greet"', '"salute"').replace("Says hello", "Salutes"),
      },
    });
    const worker = await world().start("processor", {}, newest.root);
    await world().untilStatus(event.payload.jobId, "FAILED");
    expect(await world().job(event.payload.jobId)).toMatchObject({
      error: { code: "INVALID_PAYLOAD" },
      attempt: 1,
    });
    await worker.stop();
  });
});
