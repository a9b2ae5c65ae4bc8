import { afterAll, beforeAll, describe, test } from "bun:test";
import { chosenSet, enginesOf, whyLeftOut } from "./engines.ts";
import { createWorld, type World, type WorldOptions } from "./world.ts";

/**
 * A behaviour, shown on its own world. Where engines are missing it is left out by name; in CI that is a failure. When
 * its tests are done, the ledger must settle at zero, unless `accused` says that it will not.
 */
export function behaviour(
  name: string,
  options: WorldOptions & { accused?: true },
  define: (world: () => World) => void,
): void {
  const reason = whyLeftOut(enginesOf(options.engines ?? chosenSet()));
  if (reason && !process.env.CI) {
    test.skip(`${name}, left out: ${reason}`, () => undefined);
    return;
  }
  describe(name, () => {
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
