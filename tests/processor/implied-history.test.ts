import { expect, test } from "bun:test";
import type { JobEvent } from "../../contracts/events.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const HOUR_MS = 3_600_000;
const later = (ms: number) => new Date(Date.now() + ms).toISOString();

/** Returns the transitions and attempts that a job's events describe. */
function toldBy(events: readonly JobEvent[]) {
  const moves = events
    .filter(({ eventType }) => eventType !== "job.executed")
    .map(({ eventId, occurredAt, payload }) => ({
      sequence: payload.sequence,
      eventId,
      at: occurredAt,
      run: "run" in payload ? payload.run : 1,
      attempt: "attempt" in payload ? payload.attempt : 0,
      from: "from" in payload ? payload.from : null,
      to: "to" in payload ? payload.to : "PENDING",
    }));
  const attempts = events.flatMap((event) =>
    event.eventType === "job.executed" ? [{ ...event.payload, finishedAt: event.occurredAt }] : [],
  );
  return { moves, attempts };
}

behavior("the history", {}, (world) => {
  const ended = (id: string, run = 1) =>
    eventually(
      async () => {
        const job = await world().job(id);
        const events = job.events as unknown as JobEvent[];
        const over = job.run === run && job.finishedAt !== undefined;
        return over && events.length === (job.sequence ?? 0) + 1 && { ...job, events };
      },
      { what: `job ${id} to end, and its events to be stored` },
    );
  const rowsOf = async (id: string) => {
    const [row] = await world().sql<{ moves: number; attempts: number }[]>`
      select (select count(*)::int from explicit_transitions where job_id = ${id}) as moves,
        (select count(*)::int from explicit_attempts where job_id = ${id}) as attempts`;
    return row;
  };

  const COURSES: Record<
    string,
    { submit: () => Promise<string>; run?: number; moves: number; attempts: number }
  > = {
    "a job that succeeds at once": {
      submit: () => world().submit({ type: "sleep", payload: { ms: 1 } }),
      moves: 0,
      attempts: 0,
    },
    "a job that succeeds and logs": {
      submit: () => world().submit({ type: "hash", payload: { text: "observe" } }),
      moves: 0,
      attempts: 0,
    },
    "a job that was scheduled": {
      submit: async () => {
        const id = await world().submit({ type: "sleep", payload: { ms: 1 }, runAt: later(HOUR_MS) });
        await world().untilStatus(id, "SCHEDULED");
        await world().sql`update jobs set run_at = now() where id = ${id}`;
        return id;
      },
      moves: 1,
      attempts: 0,
    },
    "a job that is retried": {
      submit: () => world().submit({ type: "flaky", payload: { failFirst: 2 } }),
      moves: 5,
      attempts: 2,
    },
    "a job that a person retries": {
      submit: async () => {
        const id = await world().submit({ type: "fail", maxAttempts: 1 });
        await ended(id);
        expect((await world().post(`/jobs/${id}/retry`)).status).toBe(200);
        return id;
      },
      run: 2,
      moves: 5,
      attempts: 2,
    },
    "a job that is cancelled while waiting and succeeds in its second run": {
      submit: async () => {
        const id = await world().submit({ type: "sleep", payload: { ms: 1 }, runAt: later(HOUR_MS) });
        await world().untilStatus(id, "SCHEDULED");
        expect((await world().post(`/jobs/${id}/cancel`)).status).toBe(200);
        expect((await world().post(`/jobs/${id}/retry`)).status).toBe(200);
        return id;
      },
      run: 2,
      moves: 4,
      attempts: 0,
    },
  };
  for (const [name, { submit, run, moves, attempts }] of Object.entries(COURSES))
    test(`of ${name} matches its events, and only unusual transitions and attempts have rows of their own`, async () => {
      const id = await submit();
      const job = await ended(id, run);
      const told = toldBy(job.events);
      expect(job.transitions.map(({ detail, ...move }) => move)).toEqual(told.moves as never);
      expect(job.attempts).toMatchObject(
        told.attempts.map(({ attempt, run, outcome, workerId, durationMs, queueWaitMs, finishedAt }) => ({
          attempt,
          run,
          outcome,
          workerId,
          durationMs,
          queueWaitMs,
          finishedAt,
        })),
      );
      const started = told.attempts.map(({ workerId }) => ({ workerId }));
      expect(job.transitions.filter(({ to }) => to === "EXECUTING").map(({ detail }) => detail)).toEqual(
        started,
      );
      expect(await rowsOf(id)).toEqual({ moves, attempts });
    });
});
