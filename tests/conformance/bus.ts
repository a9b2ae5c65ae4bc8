import { afterEach, beforeEach, describe } from "bun:test";
import { describeClosing } from "./bus/closing.ts";
import { describeConsuming } from "./bus/consuming.ts";
import { describeOutages } from "./bus/outages.ts";
import { describePublishing } from "./bus/publishing.ts";
import { describeRedelivery } from "./bus/redelivery.ts";
import { describeState } from "./bus/state.ts";
import { type BusWorld, connected, type OpenWorld } from "./bus/world.ts";

/** Defines the tests that every bus adapter must pass. */
export function describeBus(name: string, makeWorld: () => Promise<BusWorld>): void {
  describe(`bus on ${name}`, () => {
    let world: BusWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.dispose());
    const open: OpenWorld = {
      world: () => world,
      connect: (options) => connected(world.open(options)),
    };

    describePublishing(open);
    describeConsuming(open);
    describeRedelivery(open);
    describeOutages(open);
    describeState(open);
    describeClosing(open);
  });
}
