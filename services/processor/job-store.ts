import { createGuardedPostgres, type GuardedPostgres } from "../../shared/guarded-postgres.ts";
import type { Log } from "../../shared/log.ts";
import { openPostgres, type Sql } from "../../shared/postgres.ts";
import { migrate } from "./migration-store.ts";

/**
 * Every statement should find its few rows through an index. However, a connection plans each statement only once. On a
 * new store, the tables are empty at that time and a sequential scan looks cheaper. The connection would keep that plan
 * as the tables grow, so sequential scans are off. JIT compilation is off as well, because the higher cost estimates
 * without sequential scans would trigger it.
 */
const PLANNER = { enable_seqscan: "off", jit: "off" };

/** The number of connections that an idle processor keeps open, besides the one for notifications. */
const STEADY = 3;

export interface JobStore {
  readonly run: GuardedPostgres["run"];
  /** A dedicated connection for notifications. */
  readonly listening: Sql;
  /** Runs long work on its own connection, so that nothing else waits for it. */
  onOwnConnection<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Migrates the tables; see {@link migrate}. */
  migrate(signal: AbortSignal): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function openJobStore({ url, max, log }: { url: string; max: number; log: Log }): JobStore {
  const connect = (connections: number, idleSeconds = 0) =>
    openPostgres({
      url,
      max: connections,
      idleSeconds,
      name: "processor",
      arrays: false,
      settings: PLANNER,
    });
  const guarded = createGuardedPostgres({ connect, maxConnections: max, steadyConnections: STEADY });
  const listening = connect(1);
  async function onOwnConnection<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const own = connect(1);
    try {
      return await guarded.run(() => work(own), Number.POSITIVE_INFINITY);
    } finally {
      await own.end({ timeout: 0 });
    }
  }
  return {
    run: guarded.run,
    listening,
    onOwnConnection,
    migrate: (signal) => onOwnConnection((sql) => migrate(sql, { signal, log })),
    async ping() {
      await guarded.run((sql) => sql`select 1`);
    },
    async close() {
      await Promise.all([guarded.close(), listening.end({ timeout: 1 })]);
    },
  };
}

/**
 * Wraps a store so that every call goes through the guarded pool, and therefore settles even when the connection is
 * lost. `create` is called once for each pool that the guard opens.
 */
export function guardedStore<S extends object>({ run }: Pick<JobStore, "run">, create: (sql: Sql) => S): S {
  const stores = new WeakMap<Sql, S>();
  const storeOf = (sql: Sql): S => {
    const store = stores.get(sql) ?? create(sql);
    stores.set(sql, store);
    return store;
  };
  type Method = (...args: unknown[]) => Promise<unknown>;
  return new Proxy({} as S, {
    get:
      (_, name) =>
      (...args: unknown[]) =>
        run((sql) => (storeOf(sql)[name as keyof S] as Method)(...args)),
  });
}
