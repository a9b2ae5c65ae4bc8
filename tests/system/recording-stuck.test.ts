import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("an event store that falls silent", { engines: "full", proxied: ["mongo"] }, (world) => {
  test("makes the metrics-engine report stuck recording until it resumes automatically", async () => {
    const readiness = async () => {
      const reply = await fetch(`${world().running["metrics-engine"].url}/readyz`);
      const body = (await reply.json()) as { failing: string[]; stuck: { duty: string; reason: string }[] };
      return { ...body, code: reply.status };
    };
    const { pid } = world().running["metrics-engine"];
    await world().proxies.mongo.freeze();
    const ids = await world().submitMany(Array.from({ length: 20 }, () => ({ type: "sleep" })));
    const { code, stuck } = await eventually(
      async () => {
        const now = await readiness();
        return now.failing.includes("recording") && now;
      },
      { what: "recording to be reported as stuck" },
    );
    expect(code).toBe(503);
    expect(stuck.find(({ duty }) => duty === "recording")?.reason).toContain("events.observed");
    const text = await (await fetch(`${world().running["metrics-engine"].url}/metrics`)).text();
    expect(text).toMatch(/observatory_duty_stuck\{[^}]*duty="recording"[^}]*\} 1/);

    await world().proxies.mongo.restore();
    await eventually(async () => (await readiness()).code === 200, {
      what: "the metrics-engine to be ready again",
    });
    expect(world().running["metrics-engine"].pid).toBe(pid);
    await world().untilAll(ids, "COMPLETED");
  });
});
