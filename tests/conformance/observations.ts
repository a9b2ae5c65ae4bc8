import { afterEach, beforeEach, describe } from "bun:test";
import { describeConnection } from "./observations/connection.ts";
import { describeDuplicates } from "./observations/duplicates.ts";
import { describeFailures } from "./observations/failures.ts";
import { describeLedgerReads } from "./observations/for-the-ledger.ts";
import { describeLiveFeed } from "./observations/live-feed.ts";
import { describeOldEvents } from "./observations/old-events.ts";
import { describePages } from "./observations/pages.ts";
import { describeRecording } from "./observations/recording.ts";
import { describeSeries } from "./observations/series.ts";
import { connected, type ObservationsWorld, type OpenWorld } from "./observations/world.ts";

/** Defines the tests that every observations adapter must pass. */
export function describeObservations(name: string, makeWorld: () => Promise<ObservationsWorld>): void {
  describe(`observations on ${name}`, () => {
    let world: ObservationsWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.dispose());
    const open: OpenWorld = {
      world: () => world,
      connect: (options) => connected(world.open(options)),
      connectElsewhere: (options) => connected(world.openElsewhere(options)),
    };

    describeRecording(open);
    describeDuplicates(open);
    describeOldEvents(open);
    describeFailures(open);
    describeConnection(open);
    describeSeries(open);
    describePages(open);
    describeLedgerReads(open);
    describeLiveFeed(open);
  });
}
