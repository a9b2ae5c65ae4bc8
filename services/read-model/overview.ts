import type { Overview, Snapshot } from "../../contracts/api-queries.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import type { Alerts } from "./alerts.ts";
import type { Engines } from "./capabilities.ts";
import type { JobDatabase } from "./job-database.ts";
import type { QueueQueries } from "./queue-queries.ts";
import { statsOf } from "./stats.ts";
import { unlessUnavailable } from "./unless-unavailable.ts";
import type { WorkerQueries } from "./worker-queries.ts";

/** How long the overview waits for a silent store. */
const TIMEOUT_MS = 1_500;
/**
 * Allowance for clock differences and rounding. If the newest job is newer than the newest stored event by more than
 * this, events are in transit.
 */
const TOLERANCE_MS = 50;

export interface OverviewParts {
  readonly store: JobDatabase;
  readonly queues: QueueQueries;
  readonly workers: WorkerQueries;
  readonly observations: ObservationReader;
  readonly alerts: Alerts;
  readonly version: string;
  readonly engines: Engines;
  readonly capabilities: Readonly<Record<string, boolean>>;
  readonly now: () => Date;
}

/** Reads all parts in parallel. If an engine is unavailable, its parts are empty or 0, and `unavailable` names it. */
export async function readOverview(parts: OverviewParts, caller?: AbortSignal): Promise<Overview> {
  const { store, queues, workers, observations, alerts, version, engines, capabilities, now } = parts;
  const answer = <T>(query: Promise<T>, engine: string) =>
    unlessUnavailable(query, { withinMs: TIMEOUT_MS, engine });
  const eventEngine = engines === "full" ? "observations" : "postgres";

  const [counts, live, backlog, fleet, newest, totals, snapshot, active] = await Promise.all([
    answer(queues.counts(caller), "postgres"),
    answer(queues.queues(caller), "postgres"),
    answer(queues.backlog(caller), "postgres"),
    answer(workers.all(caller), "postgres"),
    answer(newestJobAt(store), "postgres"),
    answer(observations.totals(), eventEngine),
    answer(observations.latestSnapshot(), eventEngine),
    answer(alerts.current(), "alertmanager"),
  ]);
  const answers = [counts, live, backlog, fleet, newest, totals, snapshot, active];
  const alive = (fleet.value ?? []).filter(({ state }) => state === "alive" || state === "stopping");
  const at = now();

  return {
    at: at.toISOString(),
    version,
    engines,
    capabilities: { ...capabilities },
    stats: statsOf(counts.value, totals.value),
    queues: live.value ?? [],
    workers: {
      alive: alive.length,
      lost: (fleet.value ?? []).filter(({ state }) => state === "lost").length,
      slots: alive.reduce((sum, { concurrency }) => sum + concurrency, 0),
      busy: alive.reduce((sum, { running }) => sum + running, 0),
    },
    deadLetters: backlog.value?.deadLetters ?? 0,
    alerts: { firing: active.value?.items.filter(({ state }) => state === "firing").length ?? 0 },
    observationLagMs: totals.unavailable
      ? null
      : lagMs(at, totals.value?.lastEventAt ?? null, newest.value ?? null, snapshot.value ?? null),
    unavailable: [...new Set(answers.flatMap(({ unavailable }) => unavailable ?? []))].sort(),
  };
}

/**
 * Returns when the newest job was created. Skips jobs that a gateway with a fast clock dated in the future. Their
 * events may be ignored when the time of the newest event is determined, so including the jobs would look like a lag.
 */
async function newestJobAt(store: JobDatabase): Promise<Date | null> {
  const [row] = await store.read(
    (sql) =>
      sql<{ created_at: Date }[]>`
        select created_at from jobs where created_at <= now() order by created_at desc, id desc limit 1`,
  );
  return row?.created_at ?? null;
}

/**
 * Returns how far observation lags behind: 0 when no event is known to be in transit, otherwise the age of the newest
 * stored event. Null when events are in transit but none has ever been stored.
 */
export function lagMs(
  now: Date,
  lastEventAt: string | null,
  newestJobAt: Date | null,
  snapshot: Snapshot | null,
): number | null {
  const waiting = snapshot?.bus.some(({ name, ready }) => name === "events.observed" && ready > 0) ?? false;
  const last = lastEventAt === null ? undefined : Date.parse(lastEventAt);
  const unseen = newestJobAt !== null && newestJobAt.getTime() > (last ?? 0) + TOLERANCE_MS;
  if (!waiting && !unseen) return 0;
  return last === undefined ? null : Math.max(0, now.getTime() - last);
}
