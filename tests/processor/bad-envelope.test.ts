import { expect, test } from "bun:test";
import type { Ledger, Timeline } from "../../contracts/api-queries.ts";
import { createdEventId, newJobId } from "../../contracts/ids.ts";
import { openBus } from "../../shared/bus/open.ts";
import { createdEvent } from "../../shared/created-event.ts";
import { createEventMaker, joinEnvelopes } from "../../shared/event.ts";
import { createLog } from "../../shared/log.ts";
import { refusedMessage } from "../../shared/refused-message.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const makeEvent = createEventMaker({ service: "test", instanceId: "test-1", version: "1.0.0" });
const create = (payload: Record<string, unknown> = { ms: 0 }, jobType = "sleep") =>
  createdEvent(makeEvent, { jobId: newJobId(), jobType, payload }, { correlationId: crypto.randomUUID() });

behavior("one bad envelope", {}, (world) => {
  const withBus = async (use: (bus: ReturnType<typeof openBus>) => Promise<void>) => {
    const bus = openBus({
      url: world().urls.BUS_URL,
      name: "test",
      log: createLog({ service: "test", level: "silent" }),
    });
    await bus.connected();
    await use(bus);
    await bus.close();
  };
  // The processor and the metrics-engine both refuse the envelope, and their refusals share one dead letter. Once both
  // have arrived, the dead letter names the processor's queue, where the job was lost.
  const letterWith = (reason: string) =>
    eventually(
      async () =>
        (
          await world().sql`select * from dead_letters where reason = ${reason} and queue = 'jobs.created'`
        )[0],
      { what: `a dead letter with the reason ${reason}` },
    );

  test("among 199 good ones becomes a dead letter with its bytes and the reason, and the others complete", async () => {
    const good = Array.from({ length: 199 }, () => create());
    const bad = { ...create(), occurredAt: "yesterday", note: "kept as it was" };
    const envelopes = [...good.slice(0, 100), bad, ...good.slice(100)].map((event) => JSON.stringify(event));
    await withBus((bus) => bus.publish("jobs.created", joinEnvelopes(envelopes)));
    await world().untilAll(
      good.map((event) => event.payload.jobId),
      "COMPLETED",
    );
    const letter = await letterWith("CONTRACT_VIOLATION");
    expect(letter).toMatchObject({
      kind: "message",
      queue: "jobs.created",
      job_id: bad.payload.jobId,
      event_id: bad.eventId,
    });
    expect(letter.detail).toContain("/occurredAt");
    expect(JSON.parse(letter.body.toString())).toEqual(bad);
  });

  test("that is not JSON keeps its exact bytes", async () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x22]);
    await withBus((bus) => bus.publish("jobs.created", bytes));
    const letter = await letterWith("MALFORMED");
    expect(Buffer.compare(letter.body, bytes)).toBe(0);
  });

  test("refused by two consumers at once becomes one dead letter, which names the queue where the job was lost", async () => {
    const bad = Array.from({ length: 40 }, (_, n) => ({
      original: Buffer.from(`no envelope ${n}`),
      reason: "MALFORMED" as const,
      detail: "No JSON",
    }));
    const refusals = bad.flatMap((refused) => [
      refusedMessage(refused, { queue: "jobs.created", service: "processor" }),
      refusedMessage(refused, { queue: "events.observed", service: "metrics-engine" }),
    ]);
    await withBus(async (bus) => {
      const bodies = refusals.map((message) => Buffer.from(JSON.stringify(message)));
      await Promise.all(bodies.map((body) => bus.publish("jobs.failed.validation", body)));
    });
    const queues = await eventually(
      async () => {
        const letters = await world()
          .sql`select queue from dead_letters where id = any(${refusals.map(({ id }) => id)}::uuid[])`;
        return letters.length === bad.length && letters.map(({ queue }) => queue as string);
      },
      { what: "a dead letter for each message" },
    );
    expect([...new Set(queues)]).toEqual(["jobs.created"]);
  });

  test("of an accepted job becomes a dead letter, and the job and the ledger show it until it is dropped", async () => {
    const lost = { ...create(), correlationId: "00000000-0000-0000-0000-000000000000" };
    const { jobId } = lost.payload;
    const status = async () => (await fetch(`${world().readModel()}/jobs/${jobId}`)).status;
    expect(await status()).toBe(404);
    await withBus((bus) => bus.publish("jobs.created", joinEnvelopes([JSON.stringify(lost)])));
    await eventually(async () => (await status()) === 200, { what: "the job to be found" });

    const job = await world().job(jobId);
    expect(job).toMatchObject({
      id: jobId,
      type: "sleep",
      status: "REJECTED",
      payload: { ms: 0 },
      error: { code: "CONTRACT_VIOLATION" },
      transitions: [],
      deadLetter: { kind: "message", reason: "CONTRACT_VIOLATION", jobId },
    });
    const timeline = await world().get<Timeline>(`/jobs/${jobId}/timeline`);
    expect(timeline.entries.at(-1)).toMatchObject({ title: "Refused: CONTRACT_VIOLATION" });
    const onlyDeadLetters = async () =>
      (await world().get<Ledger>("/ledger?settleMs=0")).onlyDeadLetters?.ids ?? [];
    // At first, the dead letter may name the metrics-engine's queue instead.
    await eventually(async () => (await onlyDeadLetters()).includes(jobId), {
      what: "the ledger to name the job",
    });

    const letterId = job.deadLetter?.id ?? "";
    const dropped = await fetch(`${world().gateway()}/dead-letters/${letterId}`, { method: "DELETE" });
    expect(dropped.status).toBe(200);
    expect(await status()).toBe(404);
    expect(await onlyDeadLetters()).not.toContain(jobId);
  });

  test("of another major version is distinguished from one with an invalid payload, and a job of an unknown type waits for a worker", async () => {
    const future = { ...create(), contractVersion: "2.0.0" };
    const unknown = create({ ms: 0 }, "brew");
    const wrong = create({ ms: -1 });
    await withBus((bus) =>
      bus.publish(
        "jobs.created",
        joinEnvelopes([future, unknown, wrong].map((event) => JSON.stringify(event))),
      ),
    );
    await letterWith("UNSUPPORTED_VERSION");
    expect(await letterWith("INVALID_PAYLOAD")).toMatchObject({ job_id: wrong.payload.jobId });
    await world().untilStatus(wrong.payload.jobId, "REJECTED");
    await world().untilStatus(unknown.payload.jobId, "VALIDATED");
    expect((await world().post(`/jobs/${unknown.payload.jobId}/cancel`)).status).toBe(200);
  });

  test("that the job store cannot store becomes a dead letter and does not hold up its batch", async () => {
    const good = create();
    const poison = create();
    poison.payload.metadata = { fine: true };
    const named = {
      ...poison,
      idempotencyKey: "nul\u0000key",
      eventId: createdEventId(poison.payload.jobId, "x"),
    };
    await withBus((bus) =>
      bus.publish("jobs.created", joinEnvelopes([good, named].map((event) => JSON.stringify(event)))),
    );
    await world().untilStatus(good.payload.jobId, "COMPLETED");
    await eventually(
      async () =>
        (await world().sql`select 1 from dead_letters where job_id = ${poison.payload.jobId}`).length === 1,
      { what: "the dead letter" },
    );
  });
});
