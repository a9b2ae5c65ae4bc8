import type { SeriesReply, Snapshot } from "../../../contracts/api-queries.ts";
import type { SeriesQuery, Totals } from "../port.ts";
import { gaugesOf, kindOf, MINUTE_MS, minutesOf, SERIES_KEPT_MS, seriesReply } from "../series.ts";
import { totalsOf } from "../totals.ts";
import type { PostgresStore } from "./store.ts";

/** The value of `minute` in rows that do not belong to a minute, such as totals. */
export const ALL_TIME = 0;

export interface CounterOptions {
  readonly store: PostgresStore;
  readonly now: () => number;
  readonly typeLabel: (type: string) => string;
}

/** Reads the counters, digests, series and latest snapshot. The SQL function `keep` adds recorded events to them. */
export function createPostgresCounters({ store: { ask }, now, typeLabel }: CounterOptions) {
  return {
    async recordSnapshot(snapshot: Snapshot): Promise<void> {
      const minute = Math.floor(Date.parse(snapshot.at) / MINUTE_MS);
      await ask(
        "store a snapshot",
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
          select kind, field, value from observations.counted where minute = ${ALL_TIME} and kind <> 'late'`,
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

    async lateEvents(): Promise<ReadonlyMap<number, number>> {
      const rows = await ask(
        "read late events",
        (sql) => sql<{ field: string; value: number }[]>`
          select field, value from observations.counted where minute = ${ALL_TIME} and kind = 'late'`,
      );
      return new Map(rows.map(({ field, value }) => [Number(field), value]));
    },

    /**
     * Deletes the minutes that are too old for any series, and the counts of late events for the minutes before
     * `before`.
     */
    async prune(before: Date): Promise<void> {
      const oldest = Math.floor((now() - SERIES_KEPT_MS) / MINUTE_MS);
      await ask(
        "delete old series",
        (sql) =>
          sql`delete from observations.counted where minute <> ${ALL_TIME} and minute < ${oldest}::integer`,
      );
      const minute = Math.floor(before.getTime() / MINUTE_MS);
      await ask(
        "forget late events",
        (sql) => sql`
          delete from observations.counted where minute = ${ALL_TIME} and kind = 'late' and field::bigint < ${minute}`,
      );
    },
  };
}
