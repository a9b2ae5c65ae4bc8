import { expect, test } from "bun:test";
import { startSteadyLoad } from "../support/steady-load.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const CUT_MS = 10_000;

behavior(
  "an embedded system whose PostgreSQL is cut off for ten seconds under load",
  { engines: "embedded", proxied: ["postgres"], processors: 2 },
  (world) => {
    test("loses no job answered with 202, names the unavailable engine and recovers automatically", async () => {
      const load = startSteadyLoad(world(), {
        perSecond: 50,
        job: (n) =>
          n % 10 === 0
            ? { type: "flaky", payload: { failFirst: 1 } }
            : { type: "sleep", payload: { ms: n % 7 } },
      });
      await eventually(() => load.accepted.length > 50, { what: "the load to run" });
      const cutAt = performance.now();
      world().proxies.postgres.cut();

      const refused = await eventually(
        async () => {
          const reply = await world().post("/jobs", { type: "sleep" });
          return reply.status === 503 && reply;
        },
        { what: "a job to be refused" },
      );
      expect(await refused.json()).toMatchObject({ code: "BUS_UNAVAILABLE" });
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      for (const path of ["/jobs", "/events", "/series?metric=completed"]) {
        const reply = await eventually(
          async () => {
            const one = await fetch(`${world().readModel()}${path}`, { signal: AbortSignal.timeout(5_000) });
            return one.status === 503 && one;
          },
          { what: `${path} to be refused` },
        );
        expect(await reply.json()).toMatchObject({
          code: "STORE_UNAVAILABLE",
          facts: { engine: "postgres" },
        });
      }
      // An unavailable engine must not make a supervisor restart the services as unhealthy.
      for (const service of Object.values(world().running)) {
        const ask = (path: string) => fetch(`${service.url}${path}`, { signal: AbortSignal.timeout(5_000) });
        expect([service.name, (await ask("/healthz")).status]).toEqual([service.name, 200]);
        expect([service.name, (await ask("/readyz")).status]).toEqual([service.name, 503]);
      }
      expect((await fetch(`${world().readModel()}/overview`)).status).toBe(200);
      await eventually(() => performance.now() - cutAt > CUT_MS, { what: "ten seconds to pass" });

      world().proxies.postgres.restore();
      const before = load.accepted.length;
      await eventually(() => load.accepted.length > before + 100, {
        what: "the load to be accepted again",
      });
      const accepted = await load.stop();
      await world().untilAll(accepted, "COMPLETED");
    });
  },
);
