import type { Overview, Snapshot } from "../../contracts/api-queries.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import type { Alerts } from "./alerts.ts";
import type { Engines } from "./capabilities.ts";
import type { JobDatabase } from "./job-database.ts";
import type { QueueQueries } from "./queue-queries.ts";
import { statsOf } from "./stats.ts";
import { unlessAway } from "./unless-away.ts";
import type { WorkerQueries } from "./worker-queries.ts";

/** A first screen waits this long for a silent store. */
const PATIENCE_MS = 1_500;
/**
 * Clocks and rounding differ by less; an event newer than the newest stored one by more than this is still on its way.
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

/** Reads everything at once. Never rejects because a store is unavailable: its part is empty and `unavailable` names it. */
export async function readOverview(parts: OverviewParts, caller?: AbortSignal): Promise<Overview> {
  const { store, queues, workers, observations, alerts, version, engines, capabilities, now } = parts;
  const ask = <T>(asked: Promise<T>, engine: string) => unlessAway(asked, { withinMs: PATIENCE_MS, engine });
  const eventEngine = engines === "full" ? "observations" : "postgres";

  const [counts, live, backlog, fleet, newest, totals, snapshot, active] = await Promise.all([
    ask(queues.counts(caller), "postgres"),
    ask(queues.queues(caller), "postgres"),
    ask(queues.backlog(caller), "postgres"),
    ask(workers.all(caller), "postgres"),
    ask(newestJobAt(store), "postgres"),
    ask(observations.totals(), eventEngine),
    ask(observations.latestSnapshot(), eventEngine),
    ask(alerts.current(), "alertmanager"),
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
    observationLagMs: totals.away
      ? null
      : lagMs(at, totals.value?.lastEventAt ?? null, newest.value ?? null, snapshot.value ?? null),
    unavailable: [...new Set(answers.flatMap(({ away }) => away ?? []))].sort(),
  };
}

/** A gateway whose clock is fast creates jobs in the future, which say nothing about what should be observed by now. */
async function newestJobAt(store: JobDatabase): Promise<Date | null> {
  const [row] = await store.read(
    (sql) =>
      sql<{ created_at: Date }[]>`
        select created_at from jobs where created_at <= now() order by created_at desc, id desc limit 1`,
  );
  return row?.created_at ?? null;
}

/**
 * How far observation is behind: 0 when nothing is known to be on its way, otherwise the age of the newest stored
 * event. Null when jobs exist and nothing was ever observed.
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
