import { describe, expect, test } from "bun:test";
import type { JobDetail, JobPage } from "../../../contracts/api-queries.ts";
import { newJobId } from "../../../contracts/ids.ts";
import type { Problem } from "../../../contracts/problem.ts";
import { seedJob } from "../seed.ts";
import { ago, type QueriedModel } from "./queried-model.ts";

/** Tests job lists, their filters, and a single job with its history. */
export function describeJobs({ get, url, world }: QueriedModel): void {
  const ids = async (query: string) => {
    const { status, body } = await get<JobPage>(`/jobs?${query}`);
    expect(status).toBe(200);
    return body.items.map(({ id }) => id);
  };

  describe("jobs", () => {
    test.each(["all", "status=COMPLETED,FAILED", "type=hash"])(
      "pages filtered by %s neither repeat nor miss a job while new jobs arrive, even if jobs were created at the same time",
      async (filter) => {
        const base = Date.now() - 60_000;
        const seeded: string[] = [];
        for (let n = 0; n < 30; n++) {
          const status = n % 2 === 0 ? "COMPLETED" : "FAILED";
          seeded.push(
            (await seedJob(world().sql, { status, createdAt: new Date(base + Math.floor(n / 5)) })).id,
          );
        }
        // Make the times differ only in microseconds: a cursor with millisecond precision could not tell such jobs
        // apart.
        await world().sql`
          update jobs set created_at = created_at + (ascii(right(id::text, 1)) * interval '3 microseconds')`;

        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page: { body: JobPage } = await get<JobPage>(
            `/jobs?limit=7${filter === "all" ? "" : `&${filter}`}${cursor ? `&cursor=${cursor}` : ""}`,
          );
          seen.push(...page.body.items.map(({ id }) => id));
          cursor = page.body.nextCursor;
          await seedJob(world().sql);
        } while (cursor !== null);
        expect(seen.filter((id) => seeded.includes(id))).toHaveLength(30);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.slice().sort()).toEqual(seeded.slice().sort());
      },
    );

    test("a page stays small whatever its jobs contain, and a single job is returned in full", async () => {
      // PostgreSQL prints each of these numbers with 309 digits, so a page with the metadata of 60 such jobs would take
      // 170 MB.
      const metadata = { numbers: Array<number>(9_000).fill(1e308) };
      const message = `it broke ${"😀".repeat(1_000)}`;
      const heavy = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          seedJob(world().sql, {
            status: n === 0 ? "FAILED" : "COMPLETED",
            createdAt: ago(60_000 + n),
            payload: { text: "x".repeat(30_000) },
            result: { digest: "y".repeat(30_000) },
            metadata,
            ...(n === 0 && { error: { code: "HANDLER_ERROR", message } }),
          }),
        ),
      );
      for (const path of [
        "/jobs?limit=500",
        "/jobs?text=HANDLER_ERROR&limit=500",
        "/jobs/recent?limit=500",
      ]) {
        const reply = await fetch(`${url()}${path}`);
        const text = await reply.text();
        expect([path, reply.status, text.length < 200_000]).toEqual([path, 200, true]);
        const failed = (JSON.parse(text) as JobPage).items.find(({ id }) => id === heavy[0]?.id);
        expect(failed).toMatchObject({ payloadPreview: `{"text": "${"x".repeat(190)}` });
        expect(failed?.error?.message).toBe(message.slice(0, 9 + 2 * 191));
        expect(Object.keys(failed ?? {})).not.toContain("metadata");
      }
      const { body } = await get<JobDetail>(`/jobs/${heavy[1]?.id}`);
      expect([body.payload, body.metadata, body.result]).toEqual([
        { text: "x".repeat(30_000) },
        metadata,
        { digest: "y".repeat(30_000) },
      ]);
      await world().sql`delete from jobs where id = any(${heavy.map(({ id }) => id)}::uuid[])`;
    });

    test("filters match status, type, time, parent and payload field", async () => {
      const { id: parent } = await seedJob(world().sql, { type: "fan-out", createdAt: ago(9_000) });
      const { id: failed } = await seedJob(world().sql, {
        status: "FAILED",
        createdAt: ago(8_000),
        payload: { ms: 100, note: "Grüße aus Köln" },
        error: { code: "HANDLER_ERROR", message: "connection refused by upstream" },
      });
      const { id: child } = await seedJob(world().sql, {
        type: "sleep",
        parentId: parent,
        createdAt: ago(7_000),
        payload: { ms: "100" },
      });
      const { id: empty } = await seedJob(world().sql, { type: "sleep", payload: {}, createdAt: ago(6_000) });

      expect(await ids("status=FAILED")).toEqual([failed]);
      expect(await ids("type=sleep")).toEqual([empty, child]);
      expect(await ids("type=sleep&status=FAILED")).toEqual([]);
      expect(await ids(`parentId=${parent}`)).toEqual([child]);
      expect(await ids("payload.ms=100")).toEqual([child, failed]);
      expect(await ids("payload.ms=%22100%22")).toEqual([child]);
      expect(await ids("payload.ms=100&payload.note=Gr%C3%BC%C3%9Fe%20aus%20K%C3%B6ln")).toEqual([failed]);
      expect(await ids("payload.ms=101")).toEqual([]);
      expect(
        await ids(`createdAfter=${ago(8_500).toISOString()}&createdBefore=${ago(6_500).toISOString()}`),
      ).toEqual([child, failed]);
    });

    test("filters match several statuses and types, the error, the worker, and the times at which jobs ended or failed, also as one `filter` parameter", async () => {
      await seedJob(world().sql, { status: "CANCELLED", createdAt: ago(7_200_000) });
      const { id: old } = await seedJob(world().sql, {
        status: "FAILED",
        createdAt: ago(3_600_000),
        error: { code: "WORKER_LOST", message: "the worker was lost", fingerprint: "f1" },
        workerId: "w-1",
      });
      const { id: fresh } = await seedJob(world().sql, {
        status: "FAILED",
        type: "fail",
        createdAt: ago(60_000),
        payload: { user: 1 },
        error: { code: "HANDLER_ERROR", message: "it broke", fingerprint: "f2" },
        workerId: "w-2",
      });
      const { id: waiting } = await seedJob(world().sql, {
        status: "VALIDATED",
        type: "sleep",
        createdAt: ago(50_000),
      });
      const { id: done } = await seedJob(world().sql, { createdAt: ago(40_000), workerId: "w-2" });

      expect(await ids("status=FAILED&status=VALIDATED")).toEqual([waiting, fresh, old]);
      expect(await ids("status=failed,waiting&type=fail,sleep")).toEqual([waiting, fresh]);
      expect(await ids("errorCode=WORKER_LOST")).toEqual([old]);
      expect(await ids("errorCode=WORKER_LOST,HANDLER_ERROR")).toEqual([fresh, old]);
      expect(await ids("fingerprint=f2")).toEqual([fresh]);
      expect(await ids("workerId=w-2")).toEqual([done, fresh]);
      expect(await ids("finishedAfter=5m")).toEqual([done, fresh]);
      expect(await ids("finishedBefore=30m&finishedAfter=90m")).toEqual([old]);
      expect(await ids("failedAfter=5m")).toEqual([fresh]);
      expect(await ids("failedBefore=5m")).toEqual([old]);
      expect(await ids("filter=status:failed+failedAfter:5m+payload.user:1+broke")).toEqual([fresh]);
      expect(await ids("filter=worker:w-2&status=completed")).toEqual([done]);
    });

    test("a filter with a wrong key or value is refused with a suggestion", async () => {
      await seedJob(world().sql, { type: "retired", createdAt: ago(1_000) });
      expect(await ids("type=retired")).toHaveLength(1);
      const refused = async (query: string) => (await get<Problem>(`/jobs?${query}`)).body;
      expect(await refused("type=hsah")).toMatchObject({
        code: "INVALID_QUERY",
        detail: 'type is "hsah", and there is no such job type; did you mean hash?',
        errors: [{ path: "/type" }],
        facts: { nearest: ["hash"] },
      });
      expect((await refused("type=retirde")).facts).toMatchObject({ nearest: ["retired"] });
      expect((await refused("status=fialed")).facts).toMatchObject({ nearest: ["failed"] });
      expect((await refused("statuss=FAILED")).facts).toMatchObject({ nearest: ["status"] });
      expect((await refused("createdAfter=2026-11-27T09:00:00+01:00")).detail).toContain(
        '"2026-11-27T09:00:00 01:00", expected an RFC 3339 time with an offset',
      );
      expect((await refused("createdAfter=2026-11-27T09:00:00+01:00")).detail).toEndWith(
        "in a URL write the + of an offset as %2B",
      );
    });

    test("text search finds words in payloads and errors, prefixes of words and ids, and job types", async () => {
      const { id: hash } = await seedJob(world().sql, {
        createdAt: ago(3_000),
        payload: { text: "quick Brown fox" },
      });
      const { id: failed } = await seedJob(world().sql, {
        type: "http-check",
        status: "FAILED",
        createdAt: ago(2_000),
        payload: { url: "http://127.0.0.1/quick" },
        error: { code: "HANDLER_ERROR", message: "connection refused" },
      });
      expect(await ids("text=brown")).toEqual([hash]);
      expect(await ids("text=quick%20bro")).toEqual([hash]);
      expect(await ids("text=refus")).toEqual([failed]);
      expect(await ids("text=http-ch")).toEqual([failed]);
      expect(await ids(`text=${hash.slice(0, 32).toUpperCase()}`)).toEqual([hash]);
      expect(await ids(`text=${failed}`)).toEqual([failed]);
      expect(await ids("text=brown&status=FAILED")).toEqual([]);
      expect(await ids("text=absent")).toEqual([]);
      for (const odd of ["%26%7C!%3A*", "'", "%20", "%5C", "%25", "a%27%20%26%20b"])
        expect((await get(`/jobs?text=${odd}`)).status).toBe(200);
    });

    test("an invalid query is refused with a specific code", async () => {
      const code = async (path: string) => {
        const { status, body } = await get<Problem>(path);
        return [status, body.code];
      };
      expect(await code("/jobs?cursor=nonsense")).toEqual([400, "INVALID_CURSOR"]);
      expect(await code("/dead-letters?cursor=nonsense")).toEqual([400, "INVALID_CURSOR"]);
      expect(await code("/events?cursor=nonsense")).toEqual([400, "INVALID_CURSOR"]);
      for (const query of [
        "limit=0",
        "limit=501",
        "limit=x",
        "status=DONE",
        "statuss=FAILED",
        "createdAfter=now",
      ])
        expect(await code(`/jobs?${query}`)).toEqual([400, "INVALID_QUERY"]);
      // These values have the right form, but PostgreSQL cannot represent them.
      expect(await code("/jobs?text=a%00b")).toEqual([400, "INVALID_QUERY"]);
      expect(await code("/jobs?payload.a=%00")).toEqual([400, "INVALID_QUERY"]);
      expect(await code("/jobs?createdAfter=0000-01-01T00:00:00Z")).toEqual([400, "INVALID_QUERY"]);
      expect(await code("/jobs/123")).toEqual([400, "INVALID_ID"]);
      expect(await code(`/jobs/${newJobId()}`)).toEqual([404, "JOB_NOT_FOUND"]);
      expect(await code(`/jobs/${newJobId()}/timeline`)).toEqual([404, "JOB_NOT_FOUND"]);
      expect(await code("/jobz")).toEqual([404, "ROUTE_NOT_FOUND"]);
    });

    test("a job is returned with its history, children and events, and has a timeline", async () => {
      const { id, events } = await seedJob(world().sql, { type: "fan-out" });
      await seedJob(world().sql, { parentId: id });
      await seedJob(world().sql, { parentId: id, status: "FAILED" });
      await world().observations.record(events);

      const { body } = await get<JobDetail>(`/jobs/${id}`);
      expect(body).toMatchObject({
        id,
        status: "COMPLETED",
        result: { ok: true },
        children: { total: 2, byStatus: { COMPLETED: 1, FAILED: 1 } },
        unavailable: [],
      });
      expect(body.transitions.map(({ from, to }) => [from, to])).toEqual([
        [null, "PENDING"],
        ["EXECUTING", "COMPLETED"],
      ]);
      expect(body.attempts.map(({ outcome, logs }) => [outcome, logs.length])).toEqual([["succeeded", 1]]);
      expect(body.events.map(({ eventType }) => eventType)).toEqual(["job.created", "job.completed"]);
      expect("error" in body).toBe(false);

      const { body: timeline } = await get<{ entries: { kind: string; offsetMs: number }[] }>(
        `/jobs/${id}/timeline`,
      );
      expect(new Set(timeline.entries.map(({ kind }) => kind))).toEqual(
        new Set(["hop", "transition", "attempt", "log", "event"]),
      );
      const offsets = timeline.entries.map(({ offsetMs }) => offsetMs);
      expect(offsets).toEqual(offsets.slice().sort((a, b) => a - b));
    });
  });
}
