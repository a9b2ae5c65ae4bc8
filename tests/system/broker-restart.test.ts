import { expect, test } from "bun:test";
import { busEngine } from "../support/engines.ts";
import { startSteadyLoad } from "../support/steady-load.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

/** The time limit from the broker's restart until a job completes again. */
const RECOVERY_MS = 3_000;

behavior("a broker restarted under load", {}, (world) => {
  test("loses no job answered with 202, and the gateway returns 503 with Retry-After and is not ready until the broker is back", async () => {
    const load = startSteadyLoad(world(), {
      perSecond: 100,
      job: () => ({ type: "sleep", payload: { ms: 1 } }),
    });
    await eventually(() => load.accepted.length > 100, { what: "the load to run" });
    // A newly declared quorum queue does not yet survive a broker crash.
    await eventually(async () => load.accepted.length > 300, { what: "the queues to be old enough" });
    await world().engine(busEngine()).kill();

    const refused = await eventually(
      async () => {
        const reply = await world().post("/jobs", { type: "sleep" });
        return reply.status === 503 && reply;
      },
      { what: "a 503" },
    );
    expect(await refused.json()).toMatchObject({ code: "BUS_UNAVAILABLE" });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    const ready = await fetch(`${world().gateway()}/readyz`);
    expect([ready.status, ((await ready.json()) as { failing: string[] }).failing]).toEqual([503, ["bus"]]);
    expect((await fetch(`${world().gateway()}/healthz`)).status).toBe(200);

    await world().engine(busEngine()).restart();
    const answersAt = performance.now();
    const first = await eventually(
      async () => {
        const reply = await world().post("/jobs", { type: "sleep" });
        return reply.status === 202 && ((await reply.json()) as { jobId: string }).jobId;
      },
      { what: "a job to be accepted again" },
    );
    await world().untilStatus(first, "COMPLETED");
    expect(performance.now() - answersAt).toBeLessThan(RECOVERY_MS);
    const before = load.accepted.length;
    await eventually(() => load.accepted.length > before + 200, { what: "the load to be accepted again" });
    const accepted = await load.stop();
    await world().untilAll(accepted, "COMPLETED");
  });
});
