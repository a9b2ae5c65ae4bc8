import type { DeadLetterPage } from "../../contracts/api-queries.ts";
import type { DeadLetter, DeadLetterReason } from "../../contracts/dead-letter.ts";
import type { DeadLetterFilter } from "../../contracts/filter-schema.ts";
import { deadLetterConditions } from "../../shared/dead-letter-filter-sql.ts";
import { AppError } from "../../shared/errors.ts";
import { wordsOf } from "../../shared/job-text.ts";
import { decodeCursor, pageOf, positionBefore } from "./cursor.ts";
import type { Fragment, JobDatabase, Sql } from "./job-database.ts";
import { omitUndefined } from "./job-row.ts";
import { decodeText } from "./message-text.ts";

/** Lists truncate bodies to this length, because a page of complete bodies could be tens of megabytes. */
const LISTED_BYTES = 4_096;

/** How many of the newest rows a text search scans before it uses the text index. */
const RECENT = 500;

export interface DeadLetterQuery {
  /** Relative ages are already resolved to times. */
  readonly filter: DeadLetterFilter;
  readonly limit: number;
  readonly cursor?: string;
}

interface DeadLetterRow {
  id: string;
  micros: string;
  kind: DeadLetter["kind"];
  reason: DeadLetterReason;
  detail: string;
  service: string;
  queue: string;
  died_at: Date;
  body: Uint8Array;
  cut: boolean;
  job_id: string | null;
  event_id: string | null;
  replays: number;
  replayed_at: Date | null;
  replayed_as: string | null;
}

/** Creates the queries about dead letters. Each rejects as {@link JobDatabase.read} does. */
export function createDeadLetterQueries(store: JobDatabase) {
  return {
    /** Returns a page, newest first, with truncated bodies. Rejects with INVALID_CURSOR. */
    async list({ filter, limit, cursor }: DeadLetterQuery): Promise<DeadLetterPage> {
      const after = cursor === undefined ? undefined : decodeCursor(cursor);
      const rows = await store.read(async (sql) => {
        const { text, ...rest } = filter;
        const position = after ? positionBefore(sql, sql`died_at`, after) : sql``;
        const all = sql`${deadLetterConditions(sql, rest)} ${position}`;
        if (text === undefined) return listed(sql, sql`dead_letters where ${all}`, limit + 1);
        // As in the job list, frequent words are found among the newest rows, and rare words through the text index.
        const words = sql`words @@ ${wordsOf(sql, text)}`;
        const recent = await listed(
          sql,
          sql`(select * from dead_letters where ${all} ${newest(sql, RECENT)}) as newest where ${words}`,
          limit + 1,
        );
        if (recent.length > limit) return recent;
        return listed(
          sql,
          sql`(select * from dead_letters where ${all} and ${words} offset 0) as hits`,
          limit + 1,
        );
      });
      return pageOf(rows, limit, toDeadLetter);
    },

    /**
     * Returns a job's newest dead-lettered message that was not dropped, with its full body; undefined if there is
     * none.
     */
    async ofJob(jobId: string): Promise<DeadLetter | undefined> {
      const [row] = await store.read(
        (sql) => sql<DeadLetterRow[]>`
          select ${columns(sql)}, body, false as cut from dead_letters
          where job_id = ${jobId} and kind = 'message' and dropped_at is null ${newest(sql, 1)}`,
      );
      return row && toDeadLetter(row);
    },

    /** Returns one dead letter with its full message. Rejects with DEAD_LETTER_NOT_FOUND. */
    async get(id: string): Promise<DeadLetter> {
      const [row] = await store.read(
        (sql) =>
          sql<
            DeadLetterRow[]
          >`select ${columns(sql)}, body, false as cut from dead_letters where id = ${id} and dropped_at is null`,
      );
      if (!row) throw new AppError("DEAD_LETTER_NOT_FOUND", `No dead letter has the id ${id}`);
      return toDeadLetter(row);
    },
  };
}

export type DeadLetterQueries = ReturnType<typeof createDeadLetterQueries>;

const newest = (sql: Sql, count: number) => sql`order by died_at desc, id desc limit ${count}`;

function listed(sql: Sql, from: Fragment, count: number) {
  return sql<DeadLetterRow[]>`
    select ${columns(sql)}, substring(body from 1 for ${LISTED_BYTES}::int) as body,
      octet_length(body) > ${LISTED_BYTES}::int as cut
    from ${from} ${newest(sql, count)}`;
}

function columns(sql: Sql): Fragment {
  return sql`id, (extract(epoch from died_at) * 1000000)::bigint as micros, kind, reason, detail, service, queue,
    died_at, job_id, event_id, replays, replayed_at, replayed_as`;
}

function toDeadLetter(row: DeadLetterRow): DeadLetter {
  const { text, exact } = decodeText(row.body, row.cut);
  return omitUndefined({
    id: row.id,
    kind: row.kind,
    reason: row.reason,
    detail: row.detail,
    service: row.service,
    queue: row.queue,
    diedAt: row.died_at.toISOString(),
    body: text,
    bodyBase64: exact ? undefined : Buffer.from(row.body).toString("base64"),
    jobId: row.job_id ?? undefined,
    eventId: row.event_id ?? undefined,
    replays: row.replays,
    replayedAt: row.replayed_at?.toISOString(),
    replayedAs: row.replayed_as ?? undefined,
  });
}
