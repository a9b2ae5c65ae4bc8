import type { SeriesReply, Snapshot } from "../../contracts/api-queries.ts";
import { AppError } from "../errors.ts";
import { percentile } from "./latency-digest.ts";
import type { SeriesQuery } from "./port.ts";

export const MINUTE_MS = 60_000;
/** Series reach back a day. An extra hour is kept, so that the oldest minute is still complete when it is read. */
export const SERIES_KEPT_MS = 25 * 60 * MINUTE_MS;

/**
 * The four kinds of data stored per minute. Each is a set of numbers by field: `<counter>|<type>` in counts,
 * `<bucket>|<type>` in the two digests, and `<metric>|<type>` in gauges (with an empty type if the metric has none).
 */
export type SeriesKind = "counts" | "execution" | "queueWait" | "gauges";

export function seriesField(name: string, type: string): string {
  return `${name}|${type}`;
}

/** Returns the kind of data that holds a metric. Throws `INVALID_QUERY` for an unknown metric. */
export function kindOf(metric: string): SeriesKind {
  if (/^(submitted|completed|failed|retried|cancelled|rejected)$/.test(metric)) return "counts";
  if (/^(queue\.(waiting|executing)|workers\.(busy|slots))$/.test(metric)) return "gauges";
  const digest = /^(execution|queueWait)\.p(50|95|99)$/.exec(metric);
  if (digest) return digest[1] as "execution" | "queueWait";
  throw new AppError("INVALID_QUERY", `There is no metric ${JSON.stringify(metric.slice(0, 64))}`);
}

/** Returns the minutes that a query covers, from the oldest to the current one. */
export function minutesOf({ minutes, now }: SeriesQuery): number[] {
  const last = Math.floor(now.getTime() / MINUTE_MS);
  return Array.from({ length: minutes }, (_, i) => last - minutes + 1 + i);
}

/**
 * Converts a snapshot's depths and workers to fields of its minute. The values of types that share a label are added
 * up.
 */
export function gaugesOf(snapshot: Snapshot, typeLabel: (type: string) => string): Map<string, number> {
  const gauges = new Map<string, number>();
  const add = (field: string, depth: number) => gauges.set(field, (gauges.get(field) ?? 0) + depth);
  for (const queue of snapshot.queues) {
    const type = typeLabel(queue.type);
    add(seriesField("queue.waiting", type), queue.waiting);
    add(seriesField("queue.executing", type), queue.executing);
  }
  const present = snapshot.workers.filter(({ state }) => state === "alive" || state === "stopping");
  const sum = (part: (worker: Snapshot["workers"][number]) => number) =>
    present.reduce((total, worker) => total + part(worker), 0);
  gauges.set(
    seriesField("workers.busy", ""),
    sum((worker) => worker.running),
  );
  gauges.set(
    seriesField("workers.slots", ""),
    sum((worker) => worker.concurrency),
  );
  return gauges;
}

/**
 * Builds the reply to a query from stored minutes of the metric's kind, in the order of {@link minutesOf}. Returns one
 * series if a type was requested and the metric has types; otherwise first the series over all types, without labels,
 * and then one per type.
 */
export function seriesReply(query: SeriesQuery, rows: readonly ReadonlyMap<string, number>[]): SeriesReply {
  const pointOf = reader(query.metric);
  const perMinute = rows.map((row) => byType(row, query.metric));
  const named = new Set<string>();
  for (const types of perMinute) for (const type of types.keys()) if (type !== "") named.add(type);

  const overAll = {
    metric: query.metric,
    labels: {},
    points: perMinute.map((types) => pointOf([...types.values()].flat())),
  };
  const ofType = (type: string) => ({
    metric: query.metric,
    labels: { type },
    points: perMinute.map((types) => pointOf(types.get(type) ?? [])),
  });
  const hasTypes = !query.metric.startsWith("workers.");
  const minutes = minutesOf(query);
  return {
    stepMs: MINUTE_MS,
    from: new Date(minutes[0]! * MINUTE_MS).toISOString(),
    to: new Date((minutes.at(-1)! + 1) * MINUTE_MS).toISOString(),
    series:
      query.type !== undefined && hasTypes
        ? [ofType(query.type)]
        : [overAll, ...[...named].sort().map(ofType)],
  };
}

type Field = readonly [name: string, value: number];

/** Returns the fields of one minute that belong to a metric, by type. */
function byType(row: ReadonlyMap<string, number>, metric: string): Map<string, Field[]> {
  const isDigest = kindOf(metric) === "execution" || kindOf(metric) === "queueWait";
  const types = new Map<string, Field[]>();
  for (const [field, value] of row) {
    const bar = field.indexOf("|");
    const name = field.slice(0, bar);
    if (!isDigest && name !== metric) continue;
    const type = field.slice(bar + 1);
    const fields = types.get(type);
    if (fields) fields.push([name, value]);
    else types.set(type, [[name, value]]);
  }
  return types;
}

/** Returns a function that computes a point: the fields' sum or their digest's percentile; null if there are none. */
function reader(metric: string): (fields: readonly Field[]) => number | null {
  const quantile = /\.p(\d\d)$/.exec(metric)?.[1];
  if (!quantile)
    return (fields) => (fields.length === 0 ? null : fields.reduce((sum, [, value]) => sum + value, 0));
  return (fields) => {
    const digest = new Map<number, number>();
    for (const [bucket, n] of fields) digest.set(Number(bucket), (digest.get(Number(bucket)) ?? 0) + n);
    return percentile(digest, Number(quantile) / 100);
  };
}
