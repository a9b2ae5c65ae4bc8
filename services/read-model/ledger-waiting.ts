import type { Waiting } from "../../contracts/api-queries.ts";
import { type Bound, HOLD_MS } from "./ledger-watermark.ts";

/** What has not ended yet, on either side of the watermark. */
export interface Live {
  readonly waiting: number;
  readonly executing: number;
  /** Jobs by the worker that holds them, the longest silent first; null for a worker without a row. */
  readonly holders: readonly {
    readonly id: string;
    readonly jobs: number;
    readonly heartbeatAt: Date | null;
  }[];
}

/** Younger bounds are ordinary delays between heartbeats and measurements of the queues. */
const ORDINARY_MS = 1_000;

/** What a ledger waits for, in words: the bounds of its watermark, oldest first, and the jobs that have not ended. */
export function waitingFor(now: number, bounds: readonly Bound[], live: Live): Waiting[] {
  const held = new Map(live.holders.map(({ id, jobs }) => [id, jobs]));
  const late = bounds
    .filter(({ at }) => now - at > ORDINARY_MS)
    .sort((a, b) => a.at - b.at)
    .map((bound) => waitingOf(bound, now, held.get(bound.name ?? "") ?? 0));
  const orphans = live.holders
    .filter(
      ({ id, heartbeatAt }) =>
        now - (heartbeatAt?.getTime() ?? 0) > HOLD_MS && !late.some((one) => one.name === id),
    )
    .map(({ id, jobs, heartbeatAt }) =>
      waitingOf({ what: "worker", at: heartbeatAt?.getTime() ?? 0, name: id }, now, jobs),
    );
  return [...late, ...orphans, ...jobsOf(live)];
}

function waitingOf({ what, at, name }: Bound, now: number, jobs: number): Waiting {
  return {
    what,
    ...(name !== undefined && { name }),
    since: at === 0 ? null : new Date(at).toISOString(),
    message: messageOf({ what, at, ...(name !== undefined && { name }) }, now, jobs),
  };
}

function messageOf({ what, at, name }: Bound, now: number, jobs: number): string {
  const ago = at === 0 ? "never" : `${((now - at) / 1_000).toFixed(1)} s ago`;
  switch (what) {
    case "ledger":
      return `The ledger itself, which has reached ${ago}`;
    case "outbox":
      return `Messages of the job store that are not published yet, the oldest written ${ago}`;
    case "worker":
      return `Worker ${name}, last heard of ${ago}${jobs > 0 ? `, which holds ${count(jobs, "job")}` : ""}`;
    case "queue":
      return `The queue ${name}, which is not empty; what was last taken from it is from ${ago}`;
    case "snapshot":
      return name === undefined
        ? `The next look at the queues; the last was ${ago}`
        : `A look at the queue ${name}; until then nothing newer than ${ago} is judged`;
    case "event-store":
      return `The event store, whose newest event is from ${ago}; the job store is ahead of it`;
    case "job-store":
      return `The job store, whose newest change is from ${ago}; the event store is ahead of it`;
    case "jobs":
      return `${count(jobs, "job")} that ${jobs === 1 ? "has" : "have"} not ended`;
  }
}

function jobsOf({ waiting, executing }: Live): Waiting[] {
  const all = waiting + executing;
  if (all === 0) return [];
  const message = `${messageOf({ what: "jobs", at: 0 }, 0, all)}: ${executing} executing, ${waiting} not`;
  return [{ what: "jobs", since: null, message }];
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
