import { appendFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import type { Ledger } from "../../contracts/api-queries.ts";
import { eventually } from "../support/wait.ts";
import type { ComposeProject } from "./compose-project.ts";

const ANSWER_MS = 10_000;

/** The running system as its users see it, on the ports that it publishes; what the read-model answers is kept. */
export function createRunningSystem(project: ComposeProject, folder: string) {
  const gateway = project.url("GATEWAY_PORT");
  const readModel = project.url("READ_MODEL_PORT");
  const sql = postgres(
    `postgres://observatory:observatory@127.0.0.1:${project.port("POSTGRES_PORT")}/observatory`,
    {
      max: 1,
      onnotice: () => undefined,
    },
  );

  const system = {
    gateway,
    readModel,
    metrics: project.url("METRICS_ENGINE_PORT"),
    prometheus: project.url("PROMETHEUS_PORT"),
    page: project.url("WEB_PORT"),
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

    /** Every one of these jobs must have ended; the database itself is asked. */
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

    /** The ledger, settled at zero. */
    async settledLedger(timeoutMs: number): Promise<Ledger> {
      let last: Ledger | undefined;
      try {
        return await eventually(
          async () => {
            last = await system.get<Ledger>("/ledger?settleMs=0");
            return last.settled && last.balanced && last;
          },
          { what: "the ledger to settle at zero", timeoutMs, everyMs: 500 },
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
