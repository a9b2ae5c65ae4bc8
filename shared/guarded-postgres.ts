import { pause } from "./async.ts";
import { AppError } from "./errors.ts";
import type { Sql } from "./postgres.ts";

export interface GuardedPostgres {
  /**
   * Run a query. Rejects as the driver does, or with `STORE_UNAVAILABLE` when the server no longer answers; what was sent
   * may have had its effect then.
   */
  run<T>(query: (sql: Sql) => PromiseLike<T>): Promise<T>;
  /** Give up what is under way and close. May be called twice. */
  close(): Promise<void>;
}

export interface GuardOptions {
  /** Make a pool of at most so many connections. */
  readonly connect: (max: number) => Sql;
  readonly maxConnections: number;
  /** A query without an answer for this long makes us look whether anybody is there at all, who gets as long again. */
  readonly patienceMs?: number;
}

/** Connections for queries, and one more to ask whether the server lives: it never waits behind a long statement. */
interface Pools {
  readonly queries: Sql;
  readonly alive: () => Promise<unknown>;
  end(): Promise<unknown>;
}

/**
 * A pool whose queries always settle. The driver alone tries endlessly to connect to a server that accepts and hangs up,
 * and a connection whose peer vanished stays "open" for minutes. So after silence everything starts again; what waits
 * there is refused.
 */
export function createGuardedPostgres({
  connect,
  maxConnections,
  patienceMs = 1_000,
}: GuardOptions): GuardedPostgres {
  let closed = false;
  let pools = open();

  function open(): Pools {
    const queries = connect(maxConnections);
    const probe = connect(1);
    let asked: Promise<unknown> | undefined;
    return {
      queries,
      // One question serves all who wait.
      alive() {
        asked ??= within(patienceMs, probe`select 1`).finally(() => {
          asked = undefined;
        });
        return asked;
      },
      end: () => Promise.all([queries.end({ timeout: 0 }), probe.end({ timeout: 0 })]),
    };
  }

  function renew(silent: Pools) {
    if (closed || silent !== pools) return;
    pools = open();
    void silent.end();
  }

  /** Rejects when the server does not answer; stays pending until `done` as long as it does. */
  async function watch(used: Pools, done: AbortSignal): Promise<never> {
    for (;;) {
      await pause(patienceMs, done);
      if (done.aborted) return new Promise<never>(() => undefined);
      try {
        await used.alive();
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
    async run(query) {
      const used = pools;
      const done = new AbortController();
      try {
        return await Promise.race([query(used.queries), watch(used, done.signal)]);
      } finally {
        done.abort();
      }
    },
    async close() {
      closed = true;
      await pools.end();
    },
  };
}

async function within<T>(ms: number, asked: PromiseLike<T>): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
