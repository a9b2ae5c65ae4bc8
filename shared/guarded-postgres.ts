import { pause, within } from "./async.ts";
import { AppError } from "./errors.ts";
import type { Sql } from "./postgres.ts";

export interface GuardedPostgres {
  /**
   * Runs a query. Rejects as the driver does, or with `STORE_UNAVAILABLE` when the server stops answering or this query
   * has no answer after `longestMs`; the query may have taken effect anyway.
   */
  run<T>(query: (sql: Sql) => PromiseLike<T>, longestMs?: number): Promise<T>;
  /** Abandons running queries and closes. May be called twice. */
  close(): Promise<void>;
}

export interface GuardOptions {
  /** Creates a pool of at most `max` connections; `idleSeconds` as for `openPostgres`. */
  readonly connect: (max: number, idleSeconds?: number) => Sql;
  readonly maxConnections: number;
  /**
   * How many connections stay open; the others are opened while all of these are taken, and closed when unused. All of
   * them, if left out. Where all connections are taken the driver sends a statement behind another, and a lock that
   * holds up one holds up both. A query that runs one statement at a time never meets that before all are taken.
   */
  readonly steadyConnections?: number;
  /** After this long without an answer, a probe checks that the server lives; it has as long again to answer. */
  readonly patienceMs?: number;
}

/**
 * One connection may lose every packet while others to the same server work, as after a firewall restarts. No healthy
 * query takes this long: the server ends each of its statements after half a minute at most.
 */
const LONGEST_MS = 120_000;

/** Idle seconds after which a connection that is needed only occasionally is closed. */
const IDLE_S = 5;

/** Connections for queries, and one for probes, which never wait behind a long statement. */
interface Pools {
  readonly queries: Sql;
  /** For queries that arrive while every connection of `queries` is taken. */
  readonly more: Sql;
  /** How many queries hold a connection of `queries`. */
  taken: number;
  readonly alive: () => Promise<unknown>;
  end(): Promise<unknown>;
}

/**
 * A pool whose queries always settle. The driver alone retries endlessly against a server that accepts and hangs up,
 * and a connection whose peer vanished stays "open" for minutes. After silence all connections are replaced, and the
 * queries that wait on the old ones are refused.
 */
export function createGuardedPostgres({
  connect,
  maxConnections,
  steadyConnections = maxConnections,
  patienceMs = 1_000,
}: GuardOptions): GuardedPostgres {
  let closed = false;
  let pools = open();

  function open(): Pools {
    const steady = Math.min(steadyConnections, maxConnections);
    const queries = connect(steady);
    const more = maxConnections > steady ? connect(maxConnections - steady, IDLE_S) : queries;
    const probe = connect(1, IDLE_S);
    let probing: Promise<unknown> | undefined;
    return {
      queries,
      more,
      taken: 0,
      // One probe serves every caller.
      alive() {
        probing ??= within(patienceMs, probe`select 1`).finally(() => {
          probing = undefined;
        });
        return probing;
      },
      end: () => Promise.all([queries, more, probe].map((pool) => pool.end({ timeout: 0 }))),
    };
  }

  function renew(silent: Pools) {
    if (closed || silent !== pools) return;
    pools = open();
    void silent.end();
  }

  /** Rejects when the server does not answer, or this query alone for too long; else stays pending until `done`. */
  async function watch(used: Pools, longestMs: number, done: AbortSignal): Promise<never> {
    const until = performance.now() + longestMs;
    for (;;) {
      await pause(patienceMs, done);
      if (done.aborted) return new Promise<never>(() => undefined);
      try {
        await used.alive();
        if (performance.now() > until) throw new Error(`no answer to a query within ${longestMs} ms`);
      } catch (cause) {
        renew(used);
        throw new AppError("STORE_UNAVAILABLE", "PostgreSQL does not answer", {
          facts: { engine: "postgres" },
          cause,
        });
      }
    }
  }

  return {
    async run(query, longestMs = LONGEST_MS) {
      const used = pools;
      const done = new AbortController();
      const isSteady = used.taken < steadyConnections;
      if (isSteady) used.taken++;
      try {
        const answer = query(isSteady ? used.queries : used.more);
        return await Promise.race([answer, watch(used, longestMs, done.signal)]);
      } finally {
        if (isSteady) used.taken--;
        done.abort();
      }
    },
    async close() {
      closed = true;
      await pools.end();
    },
  };
}
