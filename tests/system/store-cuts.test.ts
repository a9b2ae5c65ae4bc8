import { expect, test } from "bun:test";
import { startSteadyLoad } from "../support/steady-load.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const CUT_MS = 10_000;

const cases = [
  {
    engine: "postgres",
    failing: { service: "read-model", path: "/jobs", engine: "postgres" },
    alive: "/events",
  },
  { engine: "mongo", failing: { service: "read-model", path: "/events", engine: "mongodb" }, alive: "/jobs" },
  {
    engine: "redis",
    failing: { service: "read-model", path: "/series?metric=completed", engine: "redis" },
    alive: "/jobs",
  },
] as const;

for (const { engine, failing, alive } of cases)
  behavior(
    `${engine} cut off for ten seconds under load`,
    { engines: "full", proxied: [engine] },
    (world) => {
      test("loses no job, and refuses only requests that need the engine, naming it in the reply", async () => {
        const load = startSteadyLoad(world(), {
          perSecond: 50,
          job: (n) =>
            n % 10 === 0
              ? { type: "flaky", payload: { failFirst: 1 } }
              : { type: "sleep", payload: { ms: n % 7 } },
        });
        await eventually(() => load.accepted.length > 50, { what: "the load to run" });
        const proxy = world().proxies[engine];
        const cutAt = performance.now();
        await proxy.cut();

        const url = `${world().running[failing.service].url}${failing.path}`;
        const problem = await eventually(
          async () => {
            const reply = await fetch(url, { signal: AbortSignal.timeout(5_000) });
            return (
              reply.status === 503 && ((await reply.json()) as { code: string; facts: { engine: string } })
            );
          },
          { what: `${failing.path} to be refused` },
        );
        expect(problem).toMatchObject({ code: "STORE_UNAVAILABLE", facts: { engine: failing.engine } });
        expect(
          (await fetch(`${world().readModel()}${alive}`, { signal: AbortSignal.timeout(5_000) })).status,
        ).toBe(200);
        const overview = await fetch(`${world().readModel()}/overview`, {
          signal: AbortSignal.timeout(5_000),
        });
        expect(overview.status).toBe(200);
        const acceptedWhileCut = load.accepted.length;
        await eventually(() => performance.now() - cutAt > CUT_MS, { what: "ten seconds to pass" });
        // Accepting jobs does not depend on any store.
        expect(load.accepted.length).toBeGreaterThan(acceptedWhileCut + 50);

        await proxy.restore();
        const accepted = await load.stop();
        expect(load.refusals).toEqual({});
        await world().untilAll(accepted, "COMPLETED");
      });
    },
  );
