import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openJobStore } from "../../services/processor/job-store.ts";
import { createJobDatabase } from "../../services/read-model/job-database.ts";
import { createPostgresLink } from "../../shared/bus/postgres/link.ts";
import { createLog } from "../../shared/log.ts";
import { createPostgresStore } from "../../shared/observations/postgres/store.ts";
import { openPostgres, type Sql } from "../../shared/postgres.ts";
import { testEngines } from "../support/engines.ts";

const log = createLog({ service: "test", level: "silent" });

type Run = <T>(query: (sql: Sql) => PromiseLike<T>) => Promise<T>;
interface Pool {
  readonly run: Run;
  close(): Promise<void>;
}

/** Every way in which the system connects to PostgreSQL. */
const POOLS: Record<string, (url: string) => Pool | Promise<Pool>> = {
  "a plain pool"(url) {
    const sql = openPostgres({ url, max: 2, name: "half-read" });
    return { run: async (query) => await query(sql), close: () => sql.end() };
  },
  "the processor's job store"(url) {
    const store = openJobStore({ url, max: 2, log });
    return { run: store.run, close: store.close };
  },
  "the processor's connection for notifications"(url) {
    const store = openJobStore({ url, max: 2, log });
    return { run: async (query) => await query(store.listening), close: store.close };
  },
  "the read-model's job store"(url) {
    const store = createJobDatabase({ url });
    return { run: store.read, close: store.close };
  },
  "the observations"(url) {
    const store = createPostgresStore({ url, log });
    return { run: (query) => store.ask("test", query), close: store.close };
  },
  async "the bus of gateway, processor and metrics-engine"(url) {
    const link = createPostgresLink({
      url,
      name: "half-read",
      log,
      connectTimeoutMs: 5_000,
      setUp: async (sql) => void (await sql`select 1`),
      onDown: () => undefined,
    });
    await link.connected();
    const run: Run = async (query) => {
      if (!link.sql) throw new Error("The link is down");
      return await query(link.sql);
    };
    return { run, close: link.close };
  },
};

describe("after a statement timeout ends a query that has already sent rows", () => {
  let url: string;
  beforeAll(async () => {
    url = (await testEngines(["postgres"])).postgres.url;
  });

  for (const [name, open] of Object.entries(POOLS))
    describe(name, () => {
      let pool: Pool;
      beforeAll(async () => {
        pool = await open(url);
      });
      afterAll(() => pool.close());

      test("the next queries on that connection get exactly their own rows", async () => {
        const answers = await pool.run(async (sql) => {
          // The driver can reserve only a connection that is already open.
          await sql`select 1`;
          const connection = await sql.reserve();
          try {
            await connection`set statement_timeout = 150`;
            // Most of these 1 KB rows have left the server's buffer by the time the last row sleeps.
            const halfRead = connection`
              select n, repeat('x', 1000) as text, case when n = 400 then pg_sleep(30) end as slept
              from generate_series(1, 400) n`;
            const code = await halfRead.then(
              () => "no error",
              (error: { code: string }) => error.code,
            );
            const first = connection`select 'first' as word`;
            const second = connection`select word from (values ('a'), ('b')) words (word)`;
            return { code, first: [...(await first)], second: [...(await second)] };
          } finally {
            await connection`reset statement_timeout`;
            connection.release();
          }
        });
        expect(answers).toEqual({
          code: "57014",
          first: [{ word: "first" }],
          second: [{ word: "a" }, { word: "b" }],
        });
      });
    });
});
