import { AppError, messageOf } from "../errors.ts";
import { createGuardedPostgres } from "../guarded-postgres.ts";
import type { Log } from "../log.ts";
import { openPostgres, type Sql } from "../postgres.ts";
import { makeTables } from "./postgres-schema.ts";
import { asking } from "./store-unavailable.ts";

const MAX_CONNECTIONS = 4;

/** SQLSTATE of a table, a schema or a function that is not there. */
const MISSING = new Set(["42P01", "3F000", "42883"]);

/** The database of observations: its tables are created by the first caller that needs them. */
export function createPostgresStore({ url, log }: { url: string; log: Log }) {
  const connect = (max: number) =>
    openPostgres({
      url,
      max,
      name: "observations",
      arrays: false,
      // A plan that was made for an empty table is a bad one a minute later.
      settings: { plan_cache_mode: "force_custom_plan" },
    });
  const guarded = createGuardedPostgres({ connect, maxConnections: MAX_CONNECTIONS });
  let made: Promise<void> | undefined;
  let away = false;
  let closed = false;

  function prepare(): Promise<void> {
    made ??= guarded.run(makeTables).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  }

  /** Run a query as soon as the tables are there. Rejects with `STORE_UNAVAILABLE`. */
  async function ask<T>(what: string, query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    return await asking("postgres", what, async () => {
      if (closed) throw new AppError("STORE_UNAVAILABLE", "The observations are closed");
      try {
        await prepare();
        const answer = await guarded.run(query);
        if (away) log.info("PostgreSQL is back");
        away = false;
        return answer;
      } catch (error) {
        // The tables were dropped; the next call recreates them.
        if (MISSING.has(String((error as { code?: unknown } | null)?.code))) made = undefined;
        if (!away && !closed)
          log.warn("Cannot use the observations in PostgreSQL", { reason: messageOf(error) });
        away = true;
        throw error;
      }
    });
  }

  return {
    ask,
    /** A connection for one purpose, with a driver of its own. */
    connectAlone: () => connect(1),
    ping: () => ask("ping", (sql) => sql`select 1`),
    async close() {
      closed = true;
      await guarded.close();
    },
  };
}
export type PostgresStore = ReturnType<typeof createPostgresStore>;
