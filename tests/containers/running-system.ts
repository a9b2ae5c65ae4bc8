import { appendFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import type { Ledger } from "../../contracts/api-queries.ts";
import { eventually } from "../support/wait.ts";

const ANSWER_MS = 10_000;

/**
 * Accesses a running system through its published ports, as a user would. `port` returns the port that a variable such
 * as `GATEWAY_PORT` sets. Every reply of the read-model is written to `folder`.
 */
export function createRunningSystem(port: (variable: string) => number, folder: string) {
  const url = (variable: string) => `http://127.0.0.1:${port(variable)}`;
  const gateway = url("GATEWAY_PORT");
  const readModel = url("READ_MODEL_PORT");
  const sql = postgres(`postgres://observatory:observatory@127.0.0.1:${port("POSTGRES_PORT")}/observatory`, {
    max: 1,
    onnotice: () => undefined,
  });

  const system = {
    gateway,
    readModel,
    metrics: url("METRICS_ENGINE_PORT"),
    prometheus: url("PROMETHEUS_PORT"),
    page: url("WEB_PORT"),
    sql,

    post: (path: string, body?: unknown) =>
      fetch(`${gateway}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_MS),
      }),

    async get<T>(path: string): Promise<T> {
      const reply = await fetch(`${readModel}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) });
      const text = await reply.text();
      appendFileSync(
        join(folder, "replies.jsonl"),
        `${JSON.stringify({ at: new Date(), path, status: reply.status, text })}\n`,
      );
      if (!reply.ok) throw new Error(`GET ${path} answered ${reply.status}: ${text}`);
      return JSON.parse(text) as T;
    },

    /** Waits until all of these jobs have ended according to the database. */
    async untilEnded(ids: readonly string[], timeoutMs: number): Promise<void> {
      await eventually(
        async () => {
          const [row] = await sql<{ ended: number }[]>`
            select count(*)::int as ended from jobs
            where id = any(${ids as string[]}::uuid[]) and status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')`;
          if (row?.ended === ids.length) return true;
          throw new Error(`${row?.ended} of ${ids.length} have ended`);
        },
        { what: `${ids.length} accepted jobs to end`, timeoutMs, everyMs: 250 },
      );
    },

    /** Waits until all of these jobs have ended, and checks that each run of a job ended exactly once. */
    async untilOneOutcomeEach(ids: readonly string[], timeoutMs: number): Promise<void> {
      await system.untilEnded(ids, timeoutMs);
      const twice = await sql<{ job_id: string }[]>`
        select job_id from job_transitions
        where job_id = any(${ids as string[]}::uuid[]) and to_status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')
        group by job_id, run having count(*) <> 1`;
      if (twice.length > 0) throw new Error(`ended twice: ${twice.map(({ job_id }) => job_id).join(", ")}`);
    },

    /** Waits until the ledger is settled and reports no lost, unobserved or duplicated job. Returns it. */
    async settledLedger(timeoutMs: number): Promise<Ledger> {
      let last: Ledger | undefined;
      try {
        return await eventually(
          async () => {
            last = await system.get<Ledger>("/ledger?settleMs=0");
            return last.settled && last.balanced && last;
          },
          { what: "the ledger to settle and balance", timeoutMs, everyMs: 500 },
        );
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${JSON.stringify(last)}`);
      }
    },

    close: () => sql.end({ timeout: 1 }),
  };
  return system;
}

export type RunningSystem = ReturnType<typeof createRunningSystem>;
