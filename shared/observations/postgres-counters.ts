import type { SeriesReply, Snapshot } from "../../contracts/api-queries.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { createBoundedLabels } from "../bounded-labels.ts";
import { jsonLines, plainArray, rehearse } from "../postgres.ts";
import { feedFields } from "./feed-entry.ts";
import type { SeriesQuery, Totals } from "./port.ts";
import type { PostgresStore } from "./postgres-store.ts";
import { gaugesOf, kindOf, MINUTE_MS, minutesOf, SERIES_KEPT_MS, seriesReply } from "./series.ts";
import { MAX_TYPES, type Tally, tallyOf } from "./tally.ts";
import { totalsOf } from "./totals.ts";

/** What stands for all time where a minute is expected. */
const ALL_TIME = 0;

type Count = readonly [minute: number, kind: string, field: string, value: number];

export interface CounterOptions {
  readonly store: PostgresStore;
  readonly now: () => number;
  readonly maxFeedEntries: number;
}

/** Recording, counters, digests, per-minute series and the latest snapshot. */
export function createPostgresCounters({ store: { ask }, now, maxFeedEntries }: CounterOptions) {
  const bounded = createBoundedLabels(MAX_TYPES);
  // PostgreSQL's texts have no NUL and no half of a surrogate pair.
  const typeLabel = (type: string) => bounded(type.toWellFormed().replaceAll("\0", "\ufffd"));

  return {
    /** Stores and counts the events that are not stored yet, and returns them. At most 1,000 distinct events. */
    async record(events: readonly JobEvent[]): Promise<readonly JobEvent[]> {
      // Nearly always all are new and it is one statement. Where some are not, nothing was done; the rest comes again.
      for (let left = events; left.length > 0; ) {
        const counts = countsOf(tallyOf(left, { now: now(), typeLabel }));
        const { deltas, dropped } = feedFields(left);
        const runs = left.map(({ payload }) => ("run" in payload ? payload.run : null));
        const there = await ask(
          "record events",
          (sql) => sql<{ id: string }[]>`
            select id from observations.record(
              ${plainArray(left.map((event) => event.eventId))}::uuid[],
              ${plainArray(left.map((event) => event.payload.jobId))}::uuid[],
              ${plainArray(left.map((event) => event.payload.sequence))}::double precision[],
              ${plainArray(left.map((event) => event.eventType))}::text[],
              ${plainArray(left.map((event) => Date.parse(event.occurredAt)))}::bigint[],
              ${plainArray(runs)}::double precision[],
              string_to_array(${jsonLines(left.map((event) => JSON.stringify(event)))}, E'\\n'),
              ${JSON.stringify(counts)}::text::json, ${deltas}, ${dropped}, ${maxFeedEntries}
            ) as id`,
        );
        if (there.length === 0) return left;
        const stored = new Set(there.map(({ id }) => id));
        left = left.filter((event) => !stored.has(event.eventId.toLowerCase()));
      }
      return [];
    },

    async rehearse(): Promise<void> {
      await ask("write", (sql) =>
        rehearse(
          sql,
          (tx) => tx`
            select observations.record(array[gen_random_uuid()], array[gen_random_uuid()], array[0], array['canary'],
              array[0], array[null::float8], array['{}'], '[]'::json, '[]', 0, ${maxFeedEntries})`,
        ),
      );
    },

    async recordSnapshot(snapshot: Snapshot): Promise<void> {
      const minute = Math.floor(Date.parse(snapshot.at) / MINUTE_MS);
      await ask(
        "keep a snapshot",
        (sql) => sql`
          with latest as (
            insert into observations.snapshot (body) values (${JSON.stringify(snapshot)})
            on conflict (only_one) do update set body = excluded.body
          )
          insert into observations.counted (minute, kind, field, value)
            select ${minute}::integer, 'gauges', line->>0, (line->>1)::double precision
            from json_array_elements(${JSON.stringify([...gaugesOf(snapshot, typeLabel)])}::text::json) line
            on conflict (minute, kind, field) do update set value = excluded.value`,
      );
    },

    async totals(): Promise<Totals> {
      const rows = await ask(
        "read totals",
        (sql) => sql<{ kind: string; field: string; value: number }[]>`
          select kind, field, value from observations.counted where minute = ${ALL_TIME}`,
      );
      const numbers = (kind: string) => rows.filter((row) => row.kind === kind);
      const digest = (kind: string) =>
        new Map(numbers(kind).map(({ field, value }) => [Number(field), value]));
      return totalsOf({
        counters: new Map(numbers("totals").map(({ field, value }) => [field, value])),
        lastEventAt: numbers("latest")[0]?.value,
        execution: digest("execution"),
        queueWait: digest("queueWait"),
      });
    },

    async series(query: SeriesQuery): Promise<SeriesReply> {
      const kind = kindOf(query.metric);
      const minutes = minutesOf(query);
      const rows = await ask(
        "read series",
        (sql) => sql<{ minute: number; field: string; value: number }[]>`
          select minute, field, value from observations.counted
          where kind = ${kind} and minute between ${minutes[0]!} and ${minutes.at(-1)!}`,
      );
      const byMinute = new Map(minutes.map((minute) => [minute, new Map<string, number>()]));
      for (const { minute, field, value } of rows) byMinute.get(minute)?.set(field, value);
      return seriesReply(query, [...byMinute.values()]);
    },

    async latestSnapshot(): Promise<Snapshot | null> {
      const [row] = await ask(
        "read the latest snapshot",
        (sql) => sql<{ body: string }[]>`select body from observations.snapshot`,
      );
      return row ? (JSON.parse(row.body) as Snapshot) : null;
    },

    /** Delete the minutes that no series reaches any more. */
    async prune(): Promise<void> {
      const oldest = Math.floor((now() - SERIES_KEPT_MS) / MINUTE_MS);
      await ask(
        "delete old series",
        (sql) =>
          sql`delete from observations.counted where minute <> ${ALL_TIME} and minute < ${oldest}::integer`,
      );
    },
  };
}

function countsOf({ totals, execution, queueWait, minutes, lastEventAt }: Tally): Count[] {
  const counts: Count[] = [[ALL_TIME, "latest", "", lastEventAt]];
  const add = (minute: number, kind: string, numbers: ReadonlyMap<string, number>) => {
    for (const [field, value] of numbers) counts.push([minute, kind, field, value]);
  };
  add(ALL_TIME, "totals", totals);
  add(ALL_TIME, "execution", execution);
  add(ALL_TIME, "queueWait", queueWait);
  for (const [minute, kinds] of minutes)
    for (const kind of ["counts", "execution", "queueWait"] as const) add(minute, kind, kinds[kind]);
  return counts;
}
