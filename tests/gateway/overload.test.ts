import { expect, test } from "bun:test";
import { busEngine } from "../support/engines.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const bus = busEngine();

behavior(
  "a gateway with a low in-flight limit",
  { proxied: [bus], env: { gateway: { MAX_IN_FLIGHT: "5" } } },
  (world) => {
    test("returns 429 with Retry-After above the limit, and keeps every job it accepted", async () => {
      world().proxies[bus].freeze();
      const replies = Array.from({ length: 20 }, () => world().post("/jobs", { type: "sleep" }));
      const first = await Promise.race(replies);
      expect([first.status, ((await first.json()) as { code: string }).code]).toEqual([429, "OVERLOADED"]);
      expect(Number(first.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await fetch(`${world().gateway()}/healthz`)).status).toBe(200);

      world().proxies[bus].restore();
      const statuses = (await Promise.all(replies)).map((reply) => reply.status);
      expect(statuses.filter((status) => status === 202)).toHaveLength(5);
      expect(statuses.filter((status) => status === 429)).toHaveLength(15);
      await eventually(
        async () => (await world().sql`select 1 from jobs where status = 'COMPLETED'`).length === 5,
        { what: "the five accepted jobs to complete" },
      );
    });

    test("without a broker returns 503 with Retry-After and accepts no part of a batch", async () => {
      world().proxies[bus].cut();
      const refused = await eventually(
        async () => {
          const reply = await world().post("/jobs/batch", { jobs: [{ type: "sleep" }, { type: "sleep" }] });
          return reply.status === 503 && reply;
        },
        { what: "a 503" },
      );
      expect(((await refused.json()) as { code: string }).code).toBe("BUS_UNAVAILABLE");
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      world().proxies[bus].restore();
      const id = await eventually(() => world().submit({ type: "sleep" }), {
        what: "a job to be accepted again",
      });
      await world().untilStatus(id, "COMPLETED");
    });

    test("without a processor refuses commands but keeps accepting jobs", async () => {
      await world().workers[0]?.stop();
      const id = await world().submit({ type: "sleep" });
      const reply = await world().post(`/jobs/${id}/cancel`);
      expect([reply.status, await reply.json()]).toMatchObject([
        503,
        { code: "PROCESSOR_UNAVAILABLE", detail: "No processor answered: connection refused" },
      ]);
      await world().start("processor");
      await world().untilStatus(id, "COMPLETED");
    });
  },
);
