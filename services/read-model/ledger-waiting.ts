import type { Waiting } from "../../contracts/api-queries.ts";
import { type Bound, HOLD_MS } from "./ledger-watermark.ts";

/** All unfinished jobs, whether created before or after the watermark (the time up to which the ledger is judged). */
export interface Live {
  readonly waiting: number;
  readonly executing: number;
  /** Jobs by the worker that holds them, longest silent first. `heartbeatAt` is null if the worker has no row. */
  readonly holders: readonly {
    readonly id: string;
    readonly jobs: number;
    readonly heartbeatAt: Date | null;
  }[];
}

/**
 * Bounds that lag behind the current time by less than this are left out: heartbeats and queue measurements are always
 * a little old.
 */
const ORDINARY_MS = 1_000;

/**
 * Describes what holds the watermark back, longest delay first, then silent workers that hold jobs, and then the
 * unfinished jobs.
 */
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
  const never = at === 0;
  const ago = `${((now - at) / 1_000).toFixed(1)} s ago`;
  switch (what) {
    case "ledger":
      return never ? "The ledger itself, not sealed yet" : `The ledger itself, sealed up to ${ago}`;
    case "outbox":
      return `Unpublished messages of the job store, the oldest from ${ago}`;
    case "worker": {
      const heard = never ? "never heard from" : `last heard from ${ago}`;
      return `Worker ${name}, ${heard}${jobs > 0 ? `, holding ${count(jobs, "job")}` : ""}`;
    }
    case "queue":
      return never
        ? `Queue ${name}, not empty and not consumed yet`
        : `Queue ${name}, not empty and consumed up to ${ago}`;
    case "snapshot":
      if (name === undefined) return `The next queue snapshot; the last was ${ago}`;
      return `A snapshot of queue ${name}; until then ${never ? "nothing" : `nothing newer than ${ago}`} is judged`;
    case "event-store":
      return never
        ? "The event store, still empty; the job store is ahead of it"
        : `The event store, whose newest event is from ${ago}; the job store is ahead of it`;
    case "job-store":
      return never
        ? "The job store, still empty; the event store is ahead of it"
        : `The job store, whose newest change is from ${ago}; the event store is ahead of it`;
    case "jobs":
      return count(jobs, "unfinished job");
  }
}

function jobsOf({ waiting, executing }: Live): Waiting[] {
  const all = waiting + executing;
  if (all === 0) return [];
  const message = `${messageOf({ what: "jobs", at: 0 }, 0, all)} (${executing} executing)`;
  return [{ what: "jobs", since: null, message }];
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
