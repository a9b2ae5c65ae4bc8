import type { JobEvent } from "../../../contracts/events.ts";
import { plainArray } from "../../postgres.ts";
import { BATCH_SPAN_MS, readBatch } from "../event-batch.ts";
import { checkOf, createIdSum, type IdSum, idBitsSql, sumOf } from "../id-sum.ts";
import type { EventSpan, LedgerSums, ObservationReader } from "../port.ts";
import { TERMINAL_EVENTS } from "../terminal-events.ts";
import type { PostgresStore } from "./store.ts";

/** Number of batches that are read at once and held in memory. */
const READ_AT_ONCE = 20;
const CREATED = ["job.created"] as const;

interface Kept {
  readonly eventId: string;
  readonly jobId: string;
  readonly run: number;
}

interface Batch {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly body: Uint8Array;
}

/**
 * Reads stored events for the ledger. For a batch that lies entirely within a span, the sums stored with the batch are
 * used, so it is not unpacked.
 */
export function createPostgresLedgerEvents({ ask }: PostgresStore) {
  /**
   * Yields a span's events of some types by batch, oldest first. If `split` is true, reads only batches that lie partly
   * outside the span.
   */
  async function* batches(types: readonly string[], { from, before }: EventSpan, split: boolean) {
    const [start, end] = [from.getTime(), before.getTime()];
    for (let last: Batch | undefined; ; ) {
      const some: readonly Batch[] = await ask(
        "read events",
        (sql) => sql<Batch[]>`
          select id, at_min as from, at_max as to, body from observations.batches
          where at_max >= ${start} and at_max < ${end + BATCH_SPAN_MS} and at_min < ${end}
            ${split ? sql`and (at_min < ${start} or at_max >= ${end})` : sql``}
            and types && ${plainArray(types)}::text[]
            ${last ? sql`and (at_max, id) > (${last.to}::bigint, ${last.id}::bigint)` : sql``}
          order by at_max, id limit ${READ_AT_ONCE}`,
      );
      for (const batch of some)
        yield readBatch(batch.body, { types }).filter(({ occurredAt }) => {
          const at = Date.parse(occurredAt);
          return at >= start && at < end;
        });
      last = some.at(-1);
      if (some.length < READ_AT_ONCE) return;
    }
  }

  /** Yields the events that are stored individually rather than in a batch, one type at a time, in index order. */
  async function* alone(types: readonly string[], { from, before }: EventSpan, size: number) {
    for (const type of types) {
      for (let last: (Kept & { at: string }) | undefined; ; ) {
        const some: readonly (Kept & { at: string })[] = await ask(
          "read events",
          (sql) => sql<(Kept & { at: string })[]>`
            select event_id as "eventId", job_id as "jobId", at, coalesce(run, 1) as run from observations.events
            where event_type = ${type} and at >= ${from.getTime()} and at < ${before.getTime()}
              ${last ? sql`and (at, event_id) > (${last.at}::bigint, ${last.eventId}::uuid)` : sql``}
            order by at, event_id limit ${size}`,
        );
        if (some.length > 0) yield some.map(({ eventId, jobId, run }) => ({ eventId, jobId, run }));
        last = some.at(-1);
        if (some.length < size) break;
      }
    }
  }

  async function* chunks(types: readonly string[], span: EventSpan, size: number) {
    let waiting: Kept[] = [];
    for await (const events of batches(types, span, false)) {
      waiting.push(...events.map(keptOf));
      while (waiting.length >= size) {
        yield waiting.slice(0, size);
        waiting = waiting.slice(size);
      }
    }
    if (waiting.length > 0) yield waiting;
    yield* alone(types, span, size);
  }

  async function sums({ from, before }: EventSpan): Promise<LedgerSums> {
    const [start, end] = [from.getTime(), before.getTime()];
    const [whole] = await ask(
      "sum up events",
      (sql) => sql<{ created: number; createdCheck: string; ended: number; endedCheck: string }[]>`
        select
          coalesce(sum(created_count), 0)::float8 as created, coalesce(bit_xor(created_check), 0) as "createdCheck",
          coalesce(sum(ended_count), 0)::float8 as ended, coalesce(bit_xor(ended_check), 0) as "endedCheck"
        from observations.batches where at_max >= ${start} and at_max < ${end} and at_min >= ${start}`,
    );
    return {
      created: { count: whole?.created ?? 0, check: checkOf(whole?.createdCheck ?? "0") },
      ended: { count: whole?.ended ?? 0, check: checkOf(whole?.endedCheck ?? "0") },
    };
  }

  async function sumAlone(types: readonly string[], { from, before }: EventSpan): Promise<IdSum> {
    const [row] = await ask(
      "sum up events",
      (sql) => sql<{ count: number; check: string }[]>`
        select count(*)::int as count, coalesce(bit_xor(${idBitsSql(sql, "event_id")}), 0)::text as check
        from observations.events
        where event_type = any(${plainArray(types)}::text[]) and at >= ${from.getTime()} and at < ${before.getTime()}`,
    );
    return { count: row?.count ?? 0, check: checkOf(row?.check ?? "0") };
  }

  async function sumSplit(types: readonly string[], span: EventSpan): Promise<IdSum> {
    const sum = createIdSum();
    for await (const events of batches(types, span, true)) for (const { eventId } of events) sum.add(eventId);
    return sum.sum();
  }

  return {
    async ledgerSums(span: EventSpan): Promise<LedgerSums> {
      const [whole, ...others] = await Promise.all([
        sums(span),
        ...[CREATED, TERMINAL_EVENTS].map((types) =>
          Promise.all([sumAlone(types, span), sumSplit(types, span)]),
        ),
      ]);
      return {
        created: sumOf([whole.created, ...(others[0] ?? [])]),
        ended: sumOf([whole.ended, ...(others[1] ?? [])]),
      };
    },

    async *created(span, chunkSize) {
      for await (const chunk of chunks(CREATED, span, chunkSize))
        yield chunk.map(({ eventId, jobId }) => ({ eventId, jobId }));
    },
    terminal: (span, chunkSize) => chunks(TERMINAL_EVENTS, span, chunkSize),
  } satisfies {
    ledgerSums: ObservationReader["ledgerSums"];
    created: ObservationReader["createdEvents"];
    terminal: ObservationReader["terminalEvents"];
  };
}

function keptOf({ eventId, payload }: JobEvent): Kept {
  return {
    eventId: eventId.toLowerCase(),
    jobId: payload.jobId.toLowerCase(),
    run: "run" in payload ? payload.run : 1,
  };
}
