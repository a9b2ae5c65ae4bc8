import { expect, test } from "bun:test";
import type { Stats } from "../../contracts/api-queries.ts";
import type { EngineName } from "../../tui/engines/engine.ts";
import { engineSets } from "../../tui/launch/engine-set.ts";
import { chosenSet } from "../support/engines.ts";
import { startSteadyLoad } from "../support/steady-load.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";
import type { World } from "../support/world.ts";

/** The time limit from the kill until events are recorded again. It includes the start of the new process. */
const RECOVERY_MS = 10_000;
/**
 * The time limit from the last store's start until events are recorded again. It includes one operation that runs into
 * its five-second timeout.
 */
const STORES_BACK_MS = 15_000;

const counted = async (world: World) => (await world.get<Stats>("/stats")).counters.events;

async function underLoad(world: World) {
  const load = startSteadyLoad(world, { perSecond: 60, job: () => ({ type: "sleep", payload: { ms: 1 } }) });
  await eventually(async () => (await counted(world)) > 1_000, { what: "a thousand events to be counted" });
  return load;
}

behavior("a metrics-engine killed under load", {}, (world) => {
  test("resumes recording within ten seconds and records every event once", async () => {
    const load = await underLoad(world());
    await world().running["metrics-engine"].kill();
    const killedAt = performance.now();
    const before = await counted(world());
    await world().start("metrics-engine");
    await eventually(async () => (await counted(world())) > before + 100, {
      what: "new events to be counted",
    });
    expect(performance.now() - killedAt).toBeLessThan(RECOVERY_MS);
    await world().untilAll(await load.stop(), "COMPLETED");
  });
});

const { EVENTS_URL, CACHE_URL } = engineSets[chosenSet()];
const stores = [...new Set([EVENTS_URL, CACHE_URL])];

behavior("observation stores killed under load", { proxied: stores }, (world) => {
  test("let recording resume automatically, whether they die one by one or all at once", async () => {
    const crash = async (name: EngineName) => {
      await world().engine(name).kill();
      await world().engine(name).restart();
    };
    const load = await underLoad(world());
    const rounds = [
      () => Promise.all(stores.map(crash)),
      async () => {
        for (const name of stores) await crash(name);
      },
      async () => {
        for (const name of stores.toReversed()) await crash(name);
      },
    ];
    for (const round of rounds) {
      const before = await counted(world());
      await round();
      await eventually(async () => (await counted(world())) > before + 100, {
        what: "new events to be counted",
        timeoutMs: STORES_BACK_MS,
      });
    }
    await world().untilAll(await load.stop(), "COMPLETED");
  });
});
