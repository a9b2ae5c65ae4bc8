import { expect, test } from "bun:test";
import type { Timeline } from "../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import { withStoredEvents } from "../support/stored-events.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("a job from POST to COMPLETED", {}, (world) => {
  test("has one correlation id in every store, a result, four transitions and five events", async () => {
    const correlationId = crypto.randomUUID();
    const reply = await world().post(
      "/jobs",
      { type: "hash", payload: { text: "observe", rounds: 1_000 } },
      { "x-correlation-id": correlationId },
    );
    expect(reply.status).toBe(202);
    expect(reply.headers.get("x-correlation-id")).toBe(correlationId);
    const acceptance = (await reply.json()) as { jobId: string; eventId: string };
    expect(Object.keys(acceptance).sort()).toEqual(["eventId", "jobId"]);
    const { jobId } = acceptance;
    const location = new URL(reply.headers.get("location") ?? "", world().gateway());

    await world().untilStatus(jobId, "COMPLETED");
    const place = await fetch(location, { redirect: "manual" });
    expect([place.status, await place.json()]).toEqual([
      307,
      {
        jobId,
        href: `${world().readModel()}/jobs/${jobId}`,
        timeline: `${world().readModel()}/jobs/${jobId}/timeline`,
      },
    ]);
    expect(await (await fetch(location)).json()).toMatchObject({ id: jobId, status: "COMPLETED" });
    const detail = await eventually(
      async () => {
        const job = await world().job(jobId);
        return job.events.length === 5 && job;
      },
      { what: "all five events to be stored" },
    );
    expect(detail).toMatchObject({
      id: jobId,
      type: "hash",
      status: "COMPLETED",
      attempt: 1,
      correlationId,
      result: { algorithm: "sha256", rounds: 1_000 },
    });
    expect(detail.transitions.map(({ from, to }) => [from, to])).toEqual([
      [null, "PENDING"],
      ["PENDING", "VALIDATED"],
      ["VALIDATED", "EXECUTING"],
      ["EXECUTING", "COMPLETED"],
    ]);
    expect(detail.events.map((event) => event.eventType)).toEqual([
      "job.created",
      "job.validated",
      "job.started",
      "job.executed",
      "job.completed",
    ]);
    expect(detail.attempts).toMatchObject([{ attempt: 1, outcome: "succeeded" }]);
    expect(detail.attempts[0]?.logs[0]?.message).toContain("Hashing 7 characters");

    const [row] = await world().sql`select correlation_id, created_event_id from jobs where id = ${jobId}`;
    expect(row).toEqual({ correlation_id: correlationId, created_event_id: acceptance.eventId });
    expect(await withStoredEvents(world().urls.EVENTS_URL, (events) => events.countOf(jobId))).toBe(5);
    for (const event of detail.events) expect(event.correlationId).toBe(correlationId);
    for (const service of [world().running.gateway, world().workers[0]])
      expect(service?.lines.some((line) => line.includes(correlationId))).toBe(true);
  });

  test("shows its history in chronological order", async () => {
    const id = await world().submit({ type: "sleep", payload: { ms: 30 } });
    await world().untilStatus(id, "COMPLETED");
    const timeline = await eventually(
      async () => {
        const got = await world().get<Timeline>(`/jobs/${id}/timeline`);
        return got.entries.filter((entry) => entry.kind === "event").length === 5 && got;
      },
      { what: "the events on the timeline" },
    );
    const times = timeline.entries.map((entry) => entry.at);
    expect(times).toEqual([...times].sort());
    expect(new Set(timeline.entries.map((entry) => entry.kind))).toContain("transition");
  });

  test("submits children that refer back to it, each exactly once", async () => {
    const id = await world().submit({ type: "fan-out", payload: { count: 25, childMs: 1 } });
    await world().untilStatus(id, "COMPLETED");
    await eventually(
      async () =>
        (await world().sql`select 1 from jobs where parent_id = ${id} and status = 'COMPLETED'`).length ===
        25,
      { what: "25 children to complete" },
    );
    const detail = await world().job(id);
    expect(detail.children).toEqual({ total: 25, byStatus: { COMPLETED: 25 } });
  });

  test("is counted once in the counters and in Prometheus", async () => {
    const { counters } = await eventually(
      async () => {
        const stats = await world().get<{ counters: Record<string, number>; total: number }>("/stats");
        return stats.counters.completed === stats.total && stats;
      },
      { what: "the counters to match the rows" },
    );
    expect(counters.submitted).toBe(counters.completed);
    const metrics = await (await fetch(`${world().running["metrics-engine"].url}/metrics`)).text();
    expect(metrics).toMatch(/observatory_jobs_completed_total\{[^}]*type="hash"[^}]*\} 1\n/);
    expect(metrics).not.toContain(" NaN");
  });

  test("stores its events in causal order, each with its producer", async () => {
    const id = await world().submit({ type: "sleep" });
    await world().untilStatus(id, "COMPLETED");
    const page = await eventually(
      async () => {
        const got = await world().get<{ items: EventEnvelope[] }>(`/events?jobId=${id}`);
        return got.items.length === 5 && got;
      },
      { what: "five events" },
    );
    expect(page.items.map((event) => event.payload.sequence)).toEqual([0, 1, 2, 3, 4]);
    expect(page.items.map((event) => event.producer.service)).toEqual([
      "gateway",
      "processor",
      "processor",
      "processor",
      "processor",
    ]);
  });

  test("names the job that it was edited from", async () => {
    const origin = await world().submit({ type: "sleep" });
    const edited = await world().submit({ type: "sleep", originId: origin });
    await world().untilStatus(edited, "COMPLETED");
    expect(await world().job(edited)).toMatchObject({ originId: origin, originKind: "edit" });
  });
});
