import { expect, test } from "bun:test";
import type { EventEnvelope } from "../../../contracts/envelope.ts";
import { sampleEvents, sampleStory } from "../../support/sample-events.ts";
import { all, countedEvents, ids, pages, storedIds, sumOf } from "./read.ts";
import { always, MINUTE, minuteAt, T0 } from "./spans.ts";
import type { OpenWorld } from "./world.ts";

/** Tests events that earlier versions stored, and the pruning of old events. */
export function describeOldEvents({ connect, world }: OpenWorld): void {
  test("events that earlier versions stored one by one, not in batches, are listed, found, counted once and pruned", async () => {
    const story = sampleStory({ at: T0 });
    const other = sampleStory({ at: T0 + 20 });
    await world().storeOld([...story, ...other.slice(0, 3)]);
    const observations = await connect();
    expect(ids((await observations.record([...other, ...story])).fresh)).toEqual(ids(other.slice(3)));
    expect((await observations.record([...story, ...other])).fresh).toEqual([]);
    expect(await countedEvents(observations)).toBe(10);
    const everything = [...story, ...other];
    expect(await pages(observations, { limit: 3 })).toEqual(everything.toReversed() as EventEnvelope[]);
    for (const one of [story, other])
      expect(await pages(observations, { jobId: one[0]!.payload.jobId, limit: 2 })).toEqual(
        one as EventEnvelope[],
      );
    expect(await pages(observations, { eventType: "job.completed", limit: 1 })).toEqual([
      other[4],
      story[4],
    ] as EventEnvelope[]);
    expect(await storedIds(observations, everything)).toEqual(new Set(ids(everything)));
    expect(await observations.ledgerSums(minuteAt(T0))).toEqual({
      created: sumOf([story[0]!, other[0]!]),
      ended: sumOf([story[4]!, other[4]!]),
    });
    expect((await all(observations.createdEvents(always(), 10))).flat()).toHaveLength(2);
    expect((await all(observations.terminalEvents(always(), 10))).flat()).toHaveLength(2);
    expect(await observations.prune(new Date(T0 + MINUTE))).toBe(10);
    expect((await observations.events({ limit: 5 })).items).toEqual([]);
  });

  test("pruning deletes exactly the minutes older than the given time", async () => {
    const observations = await connect();
    const minute = Math.floor(T0 / MINUTE) * MINUTE;
    const kept = sampleEvents(3, "job.completed", { at: minute });
    await observations.record([...sampleEvents(7, "job.created", { at: minute - 1 }), ...kept]);
    expect(await observations.prune(new Date(T0))).toBe(7);
    expect(await observations.prune(new Date(T0))).toBe(0);
    expect((await observations.events({ limit: 20 })).items.map(({ eventId }) => eventId).sort()).toEqual(
      ids(kept).sort(),
    );
    expect(await countedEvents(observations)).toBe(10);
  });
}
