import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createGuardedPostgres, type GuardedPostgres } from "../../shared/guarded-postgres.ts";
import { openPostgres } from "../../shared/postgres.ts";
import { testEngines } from "../support/engines.ts";
import { createTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

describe("a pool whose open connections lose all packets while new connections work", () => {
  let proxy: TcpProxy;
  let guarded: GuardedPostgres;
  beforeAll(async () => {
    const { postgres: engine } = await testEngines(["postgres"]);
    proxy = await createTcpProxy({ targetPort: engine.port });
    const url = new URL(engine.url);
    url.port = String(proxy.port);
    guarded = createGuardedPostgres({
      connect: (max, idleSeconds) => openPostgres({ url: url.href, max, idleSeconds, name: "lost-packets" }),
      maxConnections: 1,
    });
  });
  afterAll(async () => {
    await guarded.close();
    await proxy.close();
  });

  const one = async (longestMs?: number) => {
    const [row] = await guarded.run((sql) => sql<{ one: number }[]>`select 1 as one`, longestMs);
    return row?.one;
  };

  test("rejects a query on such a connection although the server answers a probe, and the next query succeeds", async () => {
    expect(await one()).toBe(1);
    proxy.strand();
    const refused = await one(2_000).catch((error: { code?: string }) => error.code);
    expect(refused).toBe("STORE_UNAVAILABLE");
    expect(await one()).toBe(1);
  });
});
