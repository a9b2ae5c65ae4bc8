import type { DeadLetterPage } from "../../contracts/api-queries.ts";
import type { DeadLetter, DeadLetterReason } from "../../contracts/dead-letter.ts";
import { AppError } from "../../shared/errors.ts";
import { decodeCursor, pageOf, positionBefore } from "./cursor.ts";
import { present } from "./job-row.ts";
import type { Fragment, JobStore, Sql } from "./job-store.ts";
import { decodeText } from "./message-text.ts";

/** A page of whole bodies could be tens of megabytes. */
const LISTED_BYTES = 4_096;

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

/** What is asked of the job store about dead letters. Everything rejects as {@link JobStore.read} does. */
export function createDeadLetterQueries(store: JobStore) {
  return {
    /** Newest first, bodies cut; rejects with INVALID_CURSOR. */
    async list({ limit, cursor }: { limit: number; cursor?: string }): Promise<DeadLetterPage> {
      const after = cursor === undefined ? undefined : decodeCursor(cursor);
      const rows = await store.read(
        (sql) => sql<DeadLetterRow[]>`
          select ${columns(sql)}, substring(body from 1 for ${LISTED_BYTES}::int) as body,
            octet_length(body) > ${LISTED_BYTES}::int as cut
          from dead_letters
          where dropped_at is null ${after ? positionBefore(sql, sql`died_at`, after) : sql``}
          order by died_at desc, id desc limit ${limit + 1}`,
      );
      return pageOf(rows, limit, toDeadLetter);
    },

    /** One with its whole message; rejects with DEAD_LETTER_NOT_FOUND. */
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

function columns(sql: Sql): Fragment {
  return sql`id, (extract(epoch from died_at) * 1000000)::bigint as micros, kind, reason, detail, service, queue,
    died_at, job_id, event_id, replays, replayed_at, replayed_as`;
}

function toDeadLetter(row: DeadLetterRow): DeadLetter {
  const { text, exact } = decodeText(row.body, row.cut);
  return present({
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
