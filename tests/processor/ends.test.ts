import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior(
  "a job store that refuses or blocks a processor's writes",
  { env: { all: { LEASE_MS: "1500" } } },
  (world) => {
    const hash = (rounds: number) => ({ type: "hash", payload: { text: "ends", rounds } });
    const readiness = async () => {
      const reply = await fetch(`${world().running.processor.url}/readyz`);
      const { failing, stuck } = (await reply.json()) as { failing: string[]; stuck: unknown[] };
      return { status: reply.status, failing, stuck };
    };

    test("fails only the job whose outcome it refuses, and the rest of the batch completes", async () => {
      // A constraint violation (SQLSTATE class 23) stands in for every kind of value that PostgreSQL refuses.
      await world().sql`
      alter table jobs add constraint no_seven_rounds check (coalesce(result->>'rounds', '') <> '7')`;
      const ids = await world().submitMany(Array.from({ length: 40 }, (_, n) => hash(n === 20 ? 7 : 1)));
      const guilty = ids.splice(20, 1)[0] ?? "";
      await world().untilAll(ids, "COMPLETED");
      await world().untilStatus(guilty, "FAILED");
      const { attempts, error } = await world().job(guilty);
      expect(attempts).toHaveLength(1);
      expect(error?.code).toBe("STORE_REFUSED");
      expect(error?.message).toContain("no_seven_rounds");
      expect((await readiness()).status).toBe(200);
    });

    test("makes the processor unready while it blocks the recording of finished attempts", async () => {
      // Only the table of attempts is locked, so claims and heartbeats continue.
      const lock = await world().sql.reserve();
      await lock`begin`;
      await lock`lock table explicit_attempts in exclusive mode`;
      try {
        const ids = await world().submitMany([hash(1), hash(1), hash(1)]);
        const { status, stuck } = await eventually(
          async () => {
            const ready = await readiness();
            return ready.failing.includes("ends") && ready;
          },
          { what: "/readyz to name the duty ends", timeoutMs: 15_000 },
        );
        expect(status).toBe(503);
        expect(stuck).toContainEqual({
          duty: "ends",
          reason: expect.stringMatching(
            /^3 attempts have ended but are not recorded, the oldest for \d+ s: /,
          ),
        });
        const metrics = await (await fetch(`${world().running.processor.url}/metrics`)).text();
        expect(metrics).toMatch(/^observatory_unrecorded_ends\{.*\} 3$/m);
        expect(metrics).toMatch(/^observatory_duty_stuck\{duty="ends".*\} 1$/m);
        await lock`rollback`;
        await world().untilAll(ids, "COMPLETED");
      } finally {
        await lock`rollback`;
        lock.release();
      }
      await eventually(async () => (await readiness()).status === 200, { what: "the processor to be ready" });
    });

    test.each([
      ["workers", "lease", "Renewing the lease and taking over jobs"],
      ["jobs", "claiming", "Claiming jobs"],
      ["outbox", "publishing", "Publishing the outbox"],
    ])(
      "makes the processor unready while the table %s is locked, and /readyz names the duty %s",
      async (table, duty, what) => {
        const lock = await world().sql.reserve();
        await lock`begin`;
        await lock`lock table ${lock(table)} in exclusive mode`;
        try {
          const { stuck } = await eventually(
            async () => {
              const ready = await readiness();
              return ready.failing.includes(duty) && ready;
            },
            { what: `/readyz to name the duty ${duty}`, timeoutMs: 15_000 },
          );
          expect(stuck).toContainEqual({
            duty,
            reason: expect.stringMatching(new RegExp(`^${what} has not succeeded for`)),
          });
        } finally {
          await lock`rollback`;
          lock.release();
        }
        await eventually(async () => (await readiness()).status === 200, {
          what: "the processor to be ready",
        });
      },
    );
  },
);

behavior("a processor with a short lease", { env: { all: { LEASE_MS: "500" } } }, (world) => {
  test("stays ready while its loops wait for their next round", async () => {
    const id = await world().submit({ type: "sleep", payload: { ms: 2_500 } });
    const stuck = new Set<string>();
    await eventually(
      async () => {
        const reply = await fetch(`${world().running.processor.url}/readyz`);
        const ready = (await reply.json()) as { failing: string[] };
        for (const name of ready.failing) stuck.add(name);
        return (await world().job(id)).status === "COMPLETED";
      },
      { what: "the job to complete" },
    );
    for (const loop of ["publishing", "claiming", "acting"]) expect([...stuck]).not.toContain(loop);
  });
});
