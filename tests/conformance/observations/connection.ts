import { describe, expect, test } from "bun:test";
import { sampleEvents } from "../../support/sample-events.ts";
import { eventually } from "../../support/wait.ts";
import { expectExitByItself } from "../exit-by-itself.ts";
import { all, countedEvents } from "./read.ts";
import { type OpenWorld, QUICK_MS } from "./world.ts";

/** Tests how observations connect and close. */
export function describeConnection({ connect, world }: OpenWorld): void {
  test("four instances that start at the same time on an empty store all succeed", async () => {
    const engines = [world().open(), world().openElsewhere(), world().open(), world().openElsewhere()];
    await Promise.all(engines.map((engine) => engine.connected(AbortSignal.timeout(30_000))));
    await Promise.all(engines.map((engine) => engine.record(sampleEvents(5, "job.created"))));
    expect(await countedEvents(engines[0]!)).toBe(20);
  });

  describe("closing", () => {
    test("ends followers of the live feed and connections, and may be done twice", async () => {
      const observations = await connect();
      const ended = all(observations.follow(null, new AbortController().signal));
      await observations.record(sampleEvents(1, "job.created"));
      await Promise.all([observations.close(), observations.close()]);
      await ended;
      await eventually(() => world().connections() === 0, { what: "no connection to be open" });
    });

    test("finishes quickly while no engine responds", async () => {
      const observations = await connect();
      world().cut();
      const startedAt = performance.now();
      await observations.close();
      expect(performance.now() - startedAt).toBeLessThan(QUICK_MS);
    });

    test("lets the process exit on its own", async () => {
      await expectExitByItself(world().shortProgram());
    });
  });
}
