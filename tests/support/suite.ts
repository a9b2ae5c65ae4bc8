import { afterAll, beforeAll, test } from "bun:test";
import type { EngineName } from "../../tui/engines/engine.ts";
import { describeUnless } from "./describe-unless.ts";
import { chosenSet, enginesOf, whyLeftOut } from "./engines.ts";
import { createWorld, type World, type WorldOptions } from "./world.ts";

/** Describes what needs these engines. Where one is missing it is left out by name; in CI that is a failure. */
export function describeOn(engines: readonly EngineName[], name: string, define: () => void): void {
  describeUnless(whyLeftOut(engines), name, define);
}

/**
 * A behaviour, shown on its own world. When its tests are done, the ledger must settle at zero, unless `accused` says
 * that it will not.
 */
export function behaviour(
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
      test("afterwards the ledger settles at zero", async () => void (await world?.settledLedger()));
  });
}
