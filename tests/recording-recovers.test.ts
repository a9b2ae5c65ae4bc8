import { expect, test } from "bun:test";
import type { Stats } from "../contracts/api-queries.ts";
import { startSteadyLoad } from "./support/steady-load.ts";
import { behaviour } from "./support/suite.ts";
import { eventually } from "./support/wait.ts";

/** From the kill until events are recorded again, the start of the process included. */
const RECOVERY_MS = 10_000;

behaviour("a metrics-engine killed under load", {}, (world) => {
  test("records again within ten seconds, and every event once", async () => {
    const counted = async () => (await world().get<Stats>("/stats")).counters.events;
    const load = startSteadyLoad(world(), {
      perSecond: 60,
      job: () => ({ type: "sleep", payload: { ms: 1 } }),
    });
    await eventually(async () => (await counted()) > 1_000, { what: "a thousand events to be counted" });

    await world().running["metrics-engine"].kill();
    const killedAt = performance.now();
    const before = await counted();
    await world().start("metrics-engine");
    await eventually(async () => (await counted()) > before + 100, { what: "new events to be counted" });
    expect(performance.now() - killedAt).toBeLessThan(RECOVERY_MS);
    await world().untilAll(await load.stop(), "COMPLETED");
  });
});
