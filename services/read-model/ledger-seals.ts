import type { EventSpan } from "../../shared/observations/port.ts";
import { SEALS_LOCK } from "../../shared/seals-lock.ts";
import { unnestSql } from "../../shared/unnest-sql.ts";
import type { JobDatabase, Sql } from "./job-database.ts";
import { type Judgment, VERDICTS, type Verdict } from "./ledger-judge.ts";

/** A sealed span of time: its jobs were judged and the results stored. These sums are needed to judge it again. */
export interface Seal extends EventSpan {
  readonly witnessed: boolean;
  readonly solidJobs: number;
  readonly solidEnds: number;
  readonly rows: number;
  readonly rowEnds: number;
}

/** The state of both stores just before a span is judged. */
export interface Seen {
  /** The job store's state as a transaction id; see the column `seen_xid`. */
  readonly xid: string;
  /** How many late events were known in the minutes that the span overlaps. */
  readonly late: number;
}

export interface SealedSums {
  /** The end of the last seal, or null when there is none. */
  readonly until: Date | null;
  readonly accepted: number;
  readonly deadLettered: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly rejected: number;
  readonly vanished: number;
  readonly pruned: number;
  /** Spans before this time were sealed after their events had been pruned. */
  readonly unwitnessedUntil: Date | null;
  /** How many seals must be judged again, because a job in their span has changed since they were judged. */
  readonly reopened: number;
}

/** Maximum number of seals considered for merging at once, and limits on the size of a merged seal. */
const MERGED_AT_ONCE = 200;
const MAX_MERGED_JOBS = 20_000;
const MAX_MERGED_MS = 3_600_000;
/**
 * Seals that ended less than this long ago are not merged. A request with a long settle time (up to a minute) adds up
 * the seals that end before some time in this period, and itself judges the rest up to that time. The rest is short only
 * if the seals are.
 */
const FINE_MS = 120_000;
/**
 * Marks, which record that jobs of a certain second have changed, are kept at least this long, because a judgment in
 * progress may not have read them yet.
 */
const MARKS_KEPT = "10 minutes";

/**
 * Stores the sealed part of the ledger. Each statement is one transaction, so a process that dies leaves either a
 * complete seal or none, and two read-models that seal the same span write only one seal.
 */
export function createLedgerSeals(store: JobDatabase) {
  return {
    /** Returns the job store's state. Call it before `judge` reads, so that any later change reopens the seal. */
    async seen(): Promise<string> {
      const [row] = await store.read(
        (sql) => sql<{ xid: string }[]>`select pg_snapshot_xmin(pg_current_snapshot())::text as xid`,
      );
      return row?.xid ?? "0";
    },

    /** Returns where the next seal begins. */
    async head(): Promise<Date> {
      const [row] = await store.read(
        (sql) => sql<{ until: Date | null }[]>`select max(until) as until from ledger_seals`,
      );
      return row?.until ?? new Date(0);
    },

    /** Seals the span after the last seal. Resolves to false when another read-model was quicker. */
    async seal(
      { from, before }: EventSpan,
      judgment: Judgment,
      witnessed: boolean,
      seen: Seen,
    ): Promise<boolean> {
      const [row] = await store.read(
        (sql) => sql<{ sealed: boolean }[]>`
          with sealed as (
            insert into ledger_seals (from_at, until, witnessed, accepted, dead_lettered, completed, failed, cancelled,
              rejected, solid_jobs, solid_ends, rows, rows_check, row_ends, ends_check, accused, late_seen, seen_xid)
            select ${from}, ${before}, ${witnessed}, ${judgment.accepted}, ${judgment.deadLettered},
              ${judgment.net.COMPLETED}, ${judgment.net.FAILED}, ${judgment.net.CANCELLED},
              ${judgment.net.REJECTED},
              ${judgment.solid.jobs}, ${judgment.solid.ends}, ${judgment.store.rows.count},
              ${bits(sql, judgment.store.rows.check)}, ${judgment.store.ends.count},
              ${bits(sql, judgment.store.ends.check)}, ${accusedIn(judgment)}, ${seen.late}, ${seen.xid}::text::xid8
            where ${from} = (select coalesce(max(until), to_timestamp(0)) from ledger_seals)
            on conflict do nothing returning from_at
          ), judged as (${judgedSql(sql, judgment)}), ${insertAccusations(sql)}
          select exists (select from sealed) as sealed`,
      );
      return row?.sealed ?? false;
    },

    /** Replaces a seal's contents, unless another read-model has merged the seal or judged it from a newer state. */
    async reseal(seal: Seal, judgment: Judgment, vanished: number, seen: Seen): Promise<void> {
      await store.read(
        (sql) => sql`
          with sealed as (
            update ledger_seals set
              accepted = ${judgment.accepted}, dead_lettered = ${judgment.deadLettered},
              completed = ${judgment.net.COMPLETED}, failed = ${judgment.net.FAILED},
              cancelled = ${judgment.net.CANCELLED}, rejected = ${judgment.net.REJECTED},
              solid_jobs = greatest(solid_jobs, ${judgment.solid.jobs}),
              solid_ends = greatest(solid_ends, ${judgment.solid.ends}),
              rows = ${judgment.store.rows.count}, rows_check = ${bits(sql, judgment.store.rows.check)},
              row_ends = ${judgment.store.ends.count}, ends_check = ${bits(sql, judgment.store.ends.check)},
              vanished = ${vanished}, accused = ${accusedIn(judgment)}, late_seen = ${seen.late},
              seen_xid = ${seen.xid}::text::xid8, judged_at = now()
            where from_at = ${seal.from} and until = ${seal.before} and ${notNewer(sql, seen)} returning from_at
          ), judged as (${judgedSql(sql, judgment)}), acquitted as (
            delete from ledger_accusations a using sealed
            where a.from_at = sealed.from_at
              and not exists (select from judged where judged.verdict = a.verdict and judged.job_id = a.job_id)
          ), ${insertAccusations(sql)}
          select`,
      );
    },

    /**
     * Updates a seal whose events have been pruned. Only the job store was checked, so jobs that the seal already
     * accuses (reports as lost, unobserved or duplicated) stay accused.
     */
    async resealWithoutEvents(seal: Seal, vanished: number, seen: Seen): Promise<void> {
      await store.read(
        (sql) => sql`
          update ledger_seals s set vanished = ${vanished}, late_seen = ${seen.late},
            seen_xid = ${seen.xid}::text::xid8, judged_at = now(),
            accused = (select count(*) from ledger_accusations a where a.from_at = s.from_at)
          where from_at = ${seal.from} and until = ${seal.before} and ${notNewer(sql, seen)}`,
      );
    },

    /** Adds up the seals that end at `before` or earlier. */
    async sums(before: Date): Promise<SealedSums> {
      const [row] = await store.read(
        (sql) => sql<SealedSums[]>`
          select max(until) as until, ${total(sql, "accepted")},
            ${total(sql, "dead_lettered", "deadLettered")}, ${total(sql, "completed")}, ${total(sql, "failed")},
            ${total(sql, "cancelled")}, ${total(sql, "rejected")}, ${total(sql, "vanished")},
            ${total(sql, "pruned_rows", "pruned")}, max(until) filter (where not witnessed) as "unwitnessedUntil",
            (select count(*)::int from ledger_seals s where ${changed(sql)}) as reopened
          from ledger_seals where until <= ${before}`,
      );
      if (!row) throw new Error("The sums query returned no row");
      return row;
    },

    /** Returns at most `limit` accused jobs of seals that end at `before` or earlier. */
    async accused(before: Date, limit: number): Promise<{ verdict: Verdict; jobId: string }[]> {
      return await store.read(
        (sql) => sql<{ verdict: Verdict; jobId: string }[]>`
          select distinct verdict, job_id as "jobId" from ledger_accusations join ledger_seals using (from_at)
          where until <= ${before} limit ${limit}`,
      );
    },

    /** Returns a seal whose jobs have changed since it was judged, or whose judgment missed late events. */
    async reopened(late: ReadonlyMap<number, number>): Promise<Seal | undefined> {
      const [marked] = await store.read(
        (sql) => sql<Seal[]>`select ${columns(sql)} from ledger_seals s where ${changed(sql)} limit 1`,
      );
      if (marked || late.size === 0) return marked;
      const [later] = await store.read(
        (sql) => sql<Seal[]>`
          select ${columns(sql)} from (
            select s.from_at, sum(l.count) as late
            from ${unnestSql(sql, "l", {
              second: ["float8", [...late.keys()].map((minute) => minute * 60)],
              count: ["float8", [...late.values()]],
            })}
            join ledger_seals s on s.from_at < to_timestamp(l.second + 60) and s.until > to_timestamp(l.second)
            group by s.from_at
          ) as known join ledger_seals s using (from_at)
          where known.late > s.late_seen limit 1`,
      );
      return later;
    },

    /** Returns the unbalanced seal that was judged longest ago, if that was earlier than `before`. */
    async unbalanced(before: Date): Promise<Seal | undefined> {
      const [row] = await store.read(
        (sql) => sql<Seal[]>`
          select ${columns(sql)} from ledger_seals s
          where (accused > 0 or vanished > 0) and judged_at < ${before} order by judged_at limit 1`,
      );
      return row;
    },

    /** Returns the seal that was judged longest ago, if that was earlier than `before`. */
    async oldest(before: Date): Promise<Seal | undefined> {
      const [row] = await store.read(
        (sql) => sql<Seal[]>`
          select ${columns(sql)} from ledger_seals s where judged_at < ${before} order by judged_at limit 1`,
      );
      return row;
    },

    /** Deletes the marks of changes that every affected seal already takes into account. */
    async forgetMarks(): Promise<void> {
      await store.read(
        (sql) => sql`
          delete from ledger_marks m
          where at < now() - ${MARKS_KEPT}::text::interval
            and not exists (
              select from ledger_seals s
              where s.from_at < m.at + interval '1 second' and s.until > m.at and m.xid >= s.seen_xid)
            and m.at < (select max(until) from ledger_seals)`,
      );
    },

    /**
     * Merges adjacent seals with small spans, so a quiet hour and a busy minute each become one seal. Sums and
     * checksums are combined. All spans whose events have been pruned become one seal. Returns how many seals were
     * removed.
     */
    async merge(now: Date, eventsFrom: Date): Promise<number> {
      const young = new Date(now.getTime() - FINE_MS);
      const found = await store.read(
        (sql) => sql<Mergeable[]>`
          with picked as (
            (select from_at from ledger_seals where until <= ${young} order by from_at desc limit ${MERGED_AT_ONCE})
            union
            (select from_at from ledger_seals where until <= ${eventsFrom} order by from_at limit ${MERGED_AT_ONCE})
          )
          select from_at as from, until as before, solid_jobs + solid_ends as jobs,
            until <= ${eventsFrom} as forgotten, s.witnessed, ${plain(sql)} as plain
          from ledger_seals s join picked using (from_at) order by 1`,
      );
      let gone = 0;
      for (const group of neighbors(found)) {
        const first = group[0]!;
        const last = group.at(-1)!;
        await store.read((sql) => mergeSeals(sql, first.from, last.before, group.length));
        gone += group.length - 1;
      }
      return gone;
    },

    /**
     * Begins an audit of everything sealed so far, unless an audit is in progress. Returns the id of the audit in
     * progress.
     */
    async beginAudit(id: string): Promise<string> {
      await store.read(
        (sql) => sql`
          insert into ledger_audits (id, until)
          select ${id}, coalesce((select max(until) from ledger_seals), to_timestamp(0))
          where not exists (select from ledger_audits where finished_at is null)`,
      );
      const [row] = await store.read(
        (sql) => sql<{ id: string }[]>`
          select id from ledger_audits order by finished_at is not null, requested_at desc limit 1`,
      );
      return row?.id ?? id;
    },

    /** Returns an audit's progress. */
    async audit(id: string): Promise<AuditRow | undefined> {
      const [row] = await store.read(
        (sql) => sql<AuditRow[]>`
          select a.id, a.requested_at as "requestedAt", a.until, a.finished_at as "finishedAt",
            count(s.from_at)::int as seals,
            coalesce(sum(s.vanished), 0)::int as vanished,
            (count(*) filter (where a.finished_at is not null or s.judged_at >= a.requested_at))::int as checked
          from ledger_audits a left join ledger_seals s on s.from_at < a.until
          where a.id = ${id} group by a.id`,
      );
      return row;
    },

    /** Returns the audit in progress, if there is one. */
    async openAudit(): Promise<{ id: string; requestedAt: Date } | undefined> {
      const [row] = await store.read(
        (sql) => sql<{ id: string; requestedAt: Date }[]>`
          select id, requested_at as "requestedAt" from ledger_audits
          where finished_at is null order by requested_at limit 1`,
      );
      return row;
    },

    async endAudit(id: string): Promise<void> {
      await store.read((sql) => sql`update ledger_audits set finished_at = now() where id = ${id}`);
      await store.read(
        (sql) => sql`
          delete from ledger_audits where finished_at is not null and requested_at < now() - interval '7 days'`,
      );
    },
  };
}
export type LedgerSeals = ReturnType<typeof createLedgerSeals>;

export interface AuditRow {
  readonly id: string;
  readonly requestedAt: Date;
  readonly until: Date;
  readonly finishedAt: Date | null;
  readonly seals: number;
  readonly checked: number;
  readonly vanished: number;
}

const columns = (sql: Sql) => sql`
  s.from_at as "from", s.until as "before", s.witnessed, s.solid_jobs as "solidJobs", s.solid_ends as "solidEnds",
  s.rows, s.row_ends as "rowEnds"`;

/** Whether the job store has changed within seal `s` since the seal was judged. */
const changed = (sql: Sql) => sql`
  exists (select from ledger_marks m
    where m.at > s.from_at - interval '1 second' and m.at < s.until and m.xid >= s.seen_xid)`;

/**
 * Whether a seal was judged from a state no newer than `seen`. Otherwise a judgment from `seen` must not replace it.
 */
const notNewer = (sql: Sql, { xid }: Seen) => sql`seen_xid <= ${xid}::text::xid8`;

/** Whether seal `s` may be merged with an adjacent one. */
const plain = (sql: Sql) => sql`(accused = 0 and vanished = 0 and not ${changed(sql)})`;

const total = (sql: Sql, column: string, name = column) =>
  sql`coalesce(sum(${sql(column)}), 0)::int as ${sql(name)}`;

/** Converts a checksum to the signed number that the table stores. */
const bits = (sql: Sql, check: string) => sql`('x' || ${check}::text)::bit(64)::bigint`;

const accusedIn = ({ accused }: Judgment) =>
  VERDICTS.reduce((sum, verdict) => sum + accused[verdict].size, 0);

function judgedSql(sql: Sql, { accused }: Judgment) {
  const pairs = VERDICTS.flatMap((verdict) => [...accused[verdict]].map((id) => [verdict, id] as const));
  const judged = unnestSql(sql, "j", {
    verdict: ["word", pairs.map(([verdict]) => verdict)],
    job_id: ["uuid", pairs.map(([, id]) => id)],
  });
  return sql`select verdict, job_id from ${judged}`;
}

const insertAccusations = (sql: Sql) => sql`
  accused as (
    insert into ledger_accusations (from_at, verdict, job_id)
    select sealed.from_at, judged.verdict, judged.job_id from sealed, judged
    on conflict do nothing
  )`;

interface Mergeable extends EventSpan {
  readonly jobs: number;
  readonly forgotten: boolean;
  readonly witnessed: boolean;
  readonly plain: boolean;
}

/** Returns groups of adjacent seals, such that each group can be merged into one seal. */
export function neighbors(seals: readonly Mergeable[]): Mergeable[][] {
  const groups: Mergeable[][] = [];
  let jobs = 0;
  for (const seal of seals) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    jobs += seal.jobs;
    const fits =
      last?.plain &&
      seal.plain &&
      last.forgotten === seal.forgotten &&
      last.witnessed === seal.witnessed &&
      last.before.getTime() === seal.from.getTime() &&
      (seal.forgotten ||
        (jobs <= MAX_MERGED_JOBS && seal.before.getTime() - group![0]!.from.getTime() <= MAX_MERGED_MS));
    if (fits) group!.push(seal);
    else {
      groups.push([seal]);
      jobs = seal.jobs;
    }
  }
  return groups.filter(({ length }) => length > 1);
}

/**
 * Merges the seals of a span. It reads them only after taking the lock that admits one merge at a time, because
 * overlapping merges would lose seals.
 */
async function mergeSeals(sql: Sql, from: Date, before: Date, count: number): Promise<void> {
  await sql.begin(async (transaction) => {
    const tx = transaction as unknown as Sql;
    const [lock] = await tx<{ taken: boolean }[]>`select pg_try_advisory_xact_lock(${SEALS_LOCK}) as taken`;
    const [still] = await tx<{ count: number }[]>`
      select count(*)::int as count from (
        select from ledger_seals
        where from_at >= ${from} and until <= ${before} and accused = 0 and vanished = 0 for update
      ) plain`;
    if (!lock?.taken || still?.count !== count) return;
    await tx`
      with gone as (
        delete from ledger_seals where from_at >= ${from} and until <= ${before} returning *
      )
      insert into ledger_seals (from_at, until, witnessed, accepted, dead_lettered, completed, failed, cancelled,
        rejected, solid_jobs, solid_ends, rows, rows_check, row_ends, ends_check, accused, late_seen, seen_xid,
        sealed_at, judged_at, pruned_rows, pruned_check, pruned_ends, pruned_ends_check, pruned_completed,
        pruned_failed, pruned_cancelled, pruned_rejected)
      select min(from_at), max(until), bool_and(witnessed), sum(accepted), sum(dead_lettered), sum(completed),
        sum(failed), sum(cancelled), sum(rejected), sum(solid_jobs), sum(solid_ends), sum(rows), bit_xor(rows_check),
        sum(row_ends), bit_xor(ends_check), 0, max(late_seen), (array_agg(seen_xid order by seen_xid))[1],
        min(sealed_at), min(judged_at), sum(pruned_rows), bit_xor(pruned_check), sum(pruned_ends),
        bit_xor(pruned_ends_check), sum(pruned_completed), sum(pruned_failed), sum(pruned_cancelled),
        sum(pruned_rejected)
      from gone`;
  });
}
