import { afterAll, beforeAll, test } from "bun:test";
import type { EngineName } from "../../tui/engines/engine.ts";
import { describeUnless } from "./describe-unless.ts";
import { chosenSet, enginesOf, whyLeftOut } from "./engines.ts";
import { createWorld, type World, type WorldOptions } from "./world.ts";

/** Describes tests that need these engines. If an engine is missing on this machine, they are skipped, except in CI. */
export function describeOn(engines: readonly EngineName[], name: string, define: () => void): void {
  describeUnless(whyLeftOut(engines), name, define);
}

/**
 * Describes a group of tests with a running system of its own (a world), which they share. When they have finished,
 * every job must end, and the ledger must report no lost, unobserved or duplicated jobs. `accused` skips this check.
 */
export function behavior(
  name: string,
  options: WorldOptions & { accused?: true },
  define: (world: () => World) => void,
): void {
  describeOn(enginesOf(options.engines ?? chosenSet()), name, () => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await createWorld(options);
    });
    afterAll(async () => {
      await world?.[Symbol.asyncDispose]();
    });
    define(() => {
      if (!world) throw new Error("the world did not start");
      return world;
    });
    if (!options.accused)
      test("after all tests, every job ends and the ledger finds none lost, unobserved or duplicated", async () =>
        void (await world?.settledLedger()));
  });
}
