import { AppError, messageOf } from "../../errors.ts";
import { createGuardedPostgres } from "../../guarded-postgres.ts";
import type { Log } from "../../log.ts";
import { openPostgres, type Sql } from "../../postgres.ts";
import { orUnavailable } from "../store-unavailable.ts";
import { makeTables } from "./schema.ts";

const MAX_CONNECTIONS = 4;

/** The SQLSTATEs for a missing table, schema or function. */
const MISSING = new Set(["42P01", "3F000", "42883"]);

/** Opens the observations' database. The first call that needs its tables creates them. */
export function createPostgresStore({ url, log }: { url: string; log: Log }) {
  const connect = (max: number) =>
    openPostgres({
      url,
      max,
      name: "observations",
      arrays: false,
      // Plans each execution separately, because a plan cached while a table is nearly empty becomes slow as the table
      // grows.
      settings: { plan_cache_mode: "force_custom_plan" },
    });
  const guarded = createGuardedPostgres({ connect, maxConnections: MAX_CONNECTIONS });
  let made: Promise<void> | undefined;
  let isDown = false;
  let closed = false;

  function prepare(): Promise<void> {
    // Creating an index on a large table may exceed the time limit of other statements.
    made ??= guarded.run(makeTables, Number.POSITIVE_INFINITY).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  }

  /** Runs a query once the tables exist. Rejects with `STORE_UNAVAILABLE` if it fails. */
  async function ask<T>(what: string, query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    return await orUnavailable("postgres", what, async () => {
      if (closed) throw new AppError("STORE_UNAVAILABLE", "The observations are closed");
      try {
        await prepare();
        const answer = await guarded.run(query);
        if (isDown) log.info("PostgreSQL is reachable again");
        isDown = false;
        return answer;
      } catch (error) {
        // The tables were dropped; the next call recreates them.
        if (MISSING.has(String((error as { code?: unknown } | null)?.code))) made = undefined;
        if (!isDown && !closed)
          log.warn("Could not use the observations in PostgreSQL", { reason: messageOf(error) });
        isDown = true;
        throw error;
      }
    });
  }

  return {
    ask,
    /** Opens a separate connection, with its own driver instance. */
    connectAlone: () => connect(1),
    ping: () => ask("ping", (sql) => sql`select 1`),
    async close() {
      closed = true;
      await guarded.close();
    },
  };
}
export type PostgresStore = ReturnType<typeof createPostgresStore>;
