import { pause, within } from "./async.ts";
import { AppError } from "./errors.ts";
import type { Sql } from "./postgres.ts";

export interface GuardedPostgres {
  /**
   * Runs a query. Rejects as the driver does, or with `STORE_UNAVAILABLE` if the server stops answering or this query
   * has no answer after `longestMs`. The query may have taken effect anyway.
   */
  run<T>(query: (sql: Sql) => PromiseLike<T>, longestMs?: number): Promise<T>;
  /** Abandons running queries and closes all connections. May be called twice. */
  close(): Promise<void>;
}

export interface GuardOptions {
  /** Creates a pool of at most `max` connections; `idleSeconds` is the option of `openPostgres`. */
  readonly connect: (max: number, idleSeconds?: number) => Sql;
  readonly maxConnections: number;
  /**
   * How many connections stay open; by default, all of them. Further connections open when these are taken, and close
   * when unused. A query that runs one statement at a time has a connection to itself if one is free. Otherwise, the
   * driver queues its statements behind those of another query on the same connection, so a lock that delays either
   * query delays both.
   */
  readonly steadyConnections?: number;
  /** After this long without an answer, a probe checks that the server is alive. The probe has the same time limit. */
  readonly patienceMs?: number;
}

/**
 * A query without an answer after this long is refused, even if the server responds to probes: its connection may lose
 * every packet while other connections work, as after a firewall restart. No healthy query takes this long, because the
 * server cancels every statement after at most a minute.
 */
const LONGEST_MS = 120_000;

/** How many seconds a connection that need not stay open may be idle before it is closed. */
const IDLE_S = 5;

/** The connections for queries, and one for probes, which must never wait behind a long statement. */
interface Pools {
  readonly queries: Sql;
  /** Serves queries that arrive while every connection in `queries` is taken. */
  readonly more: Sql;
  /** How many queries hold a connection from `queries`. */
  taken: number;
  readonly alive: () => Promise<unknown>;
  end(): Promise<unknown>;
}

/**
 * Creates a pool whose queries always settle. The driver alone would retry endlessly against a server that accepts
 * connections and hangs up, and would take minutes to notice that a connection's peer has vanished. If the server is
 * silent, all connections are replaced, and queries that wait on the old ones are refused.
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
      // All callers share one probe.
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

  /** Rejects if the server stops answering or this query takes too long. Never settles once `done` has aborted. */
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
