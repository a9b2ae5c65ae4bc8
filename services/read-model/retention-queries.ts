import type { Retention } from "../../contracts/api-queries.ts";
import type { JobDatabase } from "./job-database.ts";

const HOUR_MS = 3_600_000;

type What = Retention["rules"][number]["what"];

interface KeptRow {
  readonly rule: What;
  readonly keepHours: number;
  readonly pruned: string;
  readonly waiting: string | null;
  readonly lookedAt: Date;
  readonly oldest: Date | null;
}

const RULES = {
  jobs: ["Completed and cancelled jobs, with their transitions and attempts", "JOB_RETENTION_HOURS"],
  "failed-jobs": ["Failed and rejected jobs, with their dead letters", "FAILED_JOB_RETENTION_HOURS"],
  "dead-letters": ["Dead letters that were replayed or dropped", "JOB_RETENTION_HOURS"],
  events: ["Events", "EVENT_RETENTION_HOURS"],
} as const;

/**
 * Reports how long records are kept, by the rules that processors recorded and by the event store's retention. Rejects
 * as {@link JobDatabase.read} does.
 */
export function createRetentionQueries(store: JobDatabase, eventHours: number, now: () => Date) {
  return async (): Promise<Retention> => {
    const at = now();
    const keptFrom = (hours: number) => new Date(at.getTime() - hours * HOUR_MS).toISOString();
    const describe = (what: What) => ({ what, description: RULES[what][0], setting: RULES[what][1] });
    const [kept, [remembered]] = await store.read((sql) => {
      // Retention counts from the time at which a job ended, but the index by status is in order of creation. The job
      // that was created first therefore stands for the one that ended first; the error is at most one job's lifetime.
      const oldest = (one: string, other: string) => sql`least(
        (select created_at from jobs where status = ${one} order by created_at limit 1),
        (select created_at from jobs where status = ${other} order by created_at limit 1))`;
      return Promise.all([
        sql<KeptRow[]>`
          select rule, keep_hours as "keepHours", pruned::text, waiting, looked_at as "lookedAt",
            case rule when 'jobs' then ${oldest("COMPLETED", "CANCELLED")}
              when 'failed-jobs' then ${oldest("FAILED", "REJECTED")} end as oldest
          from retention order by rule desc`,
        sql<{ jobs: number; since: Date | null }[]>`
          select greatest(0, (select reltuples from pg_class where oid = 'pruned_jobs'::regclass))::int as jobs,
            (select min(pruned_at) from pruned_jobs) as since`,
      ]);
    });
    return {
      at: at.toISOString(),
      rules: [
        ...kept.map(({ rule, keepHours, pruned, waiting, lookedAt, oldest }) => ({
          ...describe(rule),
          keepHours,
          keptFrom: keptFrom(keepHours),
          ...(rule !== "dead-letters" && { oldest: oldest?.toISOString() ?? null }),
          pruned: Number(pruned),
          lookedAt: lookedAt.toISOString(),
          ...(waiting !== null && { waiting }),
        })),
        { ...describe("events"), keepHours: eventHours, keptFrom: keptFrom(eventHours) },
      ],
      remembered: {
        jobs: remembered?.jobs ?? 0,
        since: remembered?.since?.toISOString() ?? null,
      },
    };
  };
}
