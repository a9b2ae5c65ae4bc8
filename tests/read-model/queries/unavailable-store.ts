import { describe, expect, test } from "bun:test";
import type { JobDetail, Overview } from "../../../contracts/api-queries.ts";
import type { Problem } from "../../../contracts/problem.ts";
import { eventually } from "../../support/wait.ts";
import { seedJob } from "../seed.ts";
import type { QueriedModel } from "./queried-model.ts";

/** Tests which routes keep working while a store is unavailable. */
export function describeUnavailableStore({ get, world }: QueriedModel): void {
  describe("an unavailable store", () => {
    test("makes routes that need PostgreSQL return 503 until it recovers, and leaves the others working", async () => {
      const { id, events } = await seedJob(world().sql);
      await world().observations.record(events);
      world().networks.postgres.cut();
      for (const path of [
        "/jobs",
        "/jobs/recent",
        `/jobs/${id}`,
        "/queues",
        "/workers",
        "/stats",
        "/dead-letters",
        "/ledger",
      ]) {
        const { status, body } = await get<Problem>(path);
        expect([path, status, body.code, body.facts?.engine]).toEqual([
          path,
          503,
          "STORE_UNAVAILABLE",
          "postgres",
        ]);
      }
      expect((await get(`/events?jobId=${id}`)).status).toBe(200);
      expect((await get("/series?metric=completed")).status).toBe(200);
      expect((await get("/alerts")).status).toBe(200);
      const { status, body } = await get<Overview>("/overview");
      expect([status, body.unavailable, body.stats.total]).toEqual([200, ["postgres"], 0]);
      expect(body.stats.counters.completed).toBeGreaterThan(0);
      const ready = await get<{ failing: string[] }>("/readyz");
      expect([ready.status, ready.body.failing]).toEqual([503, ["postgres"]]);

      world().networks.postgres.restore();
      await eventually(async () => (await get(`/jobs/${id}`)).status === 200, {
        what: "the job to be served again",
      });
      expect((await get("/readyz")).status).toBe(200);
    });

    test("that hangs without closing connections is detected, and its dead connections are replaced", async () => {
      const { id } = await seedJob(world().sql);
      expect((await get(`/jobs/${id}`)).status).toBe(200);
      world().networks.postgres.freeze();
      const [jobs, overview] = await Promise.all([get<Problem>(`/jobs/${id}`), get<Overview>("/overview")]);
      expect([jobs.status, jobs.body.facts?.engine]).toEqual([503, "postgres"]);
      expect([overview.status, overview.body.unavailable]).toEqual([200, ["postgres"]]);
      world().networks.postgres.restore();
      await eventually(async () => (await get(`/jobs/${id}`)).status === 200, {
        what: "the job to be served again",
      });
    });

    test("leaves jobs readable, but without their events, if it is the event store", async () => {
      const { id, events } = await seedJob(world().sql);
      await world().observations.record(events);
      expect((await get<JobDetail>(`/jobs/${id}`)).body.events).toHaveLength(2);
      world().networks.mongo.cut();
      const { status, body } = await get<JobDetail>(`/jobs/${id}`);
      expect([status, body.unavailable, body.events.length, body.transitions.length]).toEqual([
        200,
        ["events"],
        0,
        2,
      ]);
      expect((await get<{ unavailable: string[] }>(`/jobs/${id}/timeline`)).body.unavailable).toEqual([
        "events",
      ]);
      const events503 = await get<Problem>("/events");
      expect([events503.status, events503.body.facts?.engine]).toEqual([503, "mongodb"]);
      expect((await get("/jobs")).status).toBe(200);
      world().networks.mongo.restore();
      await eventually(async () => (await get<JobDetail>(`/jobs/${id}`)).body.unavailable.length === 0, {
        what: "the job's events to be served again",
      });
    });

    test("affects only time series, statistics and the stream if it is the cache", async () => {
      world().networks.redis.cut();
      for (const path of ["/series?metric=completed", "/stats", "/stream"]) {
        const { status, body } = await get<Problem>(path);
        expect([path, status, body.facts?.engine]).toEqual([path, 503, "redis"]);
      }
      for (const path of ["/jobs", "/events", "/queues", "/workers", "/overview"])
        expect([path, (await get(path)).status]).toEqual([path, 200]);
      expect((await get<Overview>("/overview")).body).toMatchObject({
        unavailable: ["redis"],
        observationLagMs: null,
      });
      world().networks.redis.restore();
      await eventually(async () => (await get("/series?metric=completed")).status === 200, {
        what: "the series to be served again",
      });
    });
  });
}
