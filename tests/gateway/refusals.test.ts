import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Problem } from "../../contracts/problem.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { behavior } from "../support/suite.ts";

behavior("bad input", {}, (world) => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
  const json = (body: unknown) => ({
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });

  const cases: [string, string, RequestInit & { headers?: Record<string, string> }, number, string][] = [
    [
      "a body that is not JSON",
      "/jobs",
      { body: "{", headers: { "content-type": "application/json" } },
      400,
      "MALFORMED_JSON",
    ],
    ["a missing body", "/jobs", { headers: { "content-type": "application/json" } }, 400, "MALFORMED_JSON"],
    [
      "an unsupported media type",
      "/jobs",
      { body: "type=hash", headers: { "content-type": "text/plain" } },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    ["an array", "/jobs", json([]), 422, "VALIDATION_FAILED"],
    ["a missing type", "/jobs", json({ payload: {} }), 422, "VALIDATION_FAILED"],
    ["an unknown type", "/jobs", json({ type: "brew" }), 422, "UNKNOWN_JOB_TYPE"],
    ["a misspelled field", "/jobs", json({ type: "sleep", prioritty: 1 }), 422, "VALIDATION_FAILED"],
    ["a priority above 9", "/jobs", json({ type: "sleep", priority: 10 }), 422, "VALIDATION_FAILED"],
    ["an invalid time", "/jobs", json({ type: "sleep", runAt: "tomorrow" }), 422, "VALIDATION_FAILED"],
    [
      "a payload that does not fit its type",
      "/jobs",
      json({ type: "sleep", payload: { ms: "long" } }),
      422,
      "VALIDATION_FAILED",
    ],
    [
      "an unknown payload field",
      "/jobs",
      json({ type: "sleep", payload: { seconds: 1 } }),
      422,
      "VALIDATION_FAILED",
    ],
    [
      "a payload nested too deeply",
      "/jobs",
      json({ type: "sleep", payload: nested(40) }),
      422,
      "PAYLOAD_TOO_DEEP",
    ],
    [
      "a payload that is too large",
      "/jobs",
      json({
        type: "hash",
        payload: { text: "x".repeat(30_000), a: "y".repeat(30_000), b: "z".repeat(9_000) },
      }),
      413,
      "PAYLOAD_TOO_LARGE",
    ],
    [
      "a body larger than any job",
      "/jobs",
      json({ type: "hash", payload: { text: "x".repeat(300_000) } }),
      413,
      "PAYLOAD_TOO_LARGE",
    ],
    [
      "an idempotency key that is too long",
      "/jobs",
      {
        ...json({ type: "sleep" }),
        headers: { "content-type": "application/json", "idempotency-key": "k".repeat(256) },
      },
      422,
      "VALIDATION_FAILED",
    ],
    ["an empty batch", "/jobs/batch", json({ jobs: [] }), 422, "VALIDATION_FAILED"],
    [
      "a batch of 1,001 jobs",
      "/jobs/batch",
      json({ jobs: Array.from({ length: 1_001 }, () => ({ type: "sleep" })) }),
      422,
      "VALIDATION_FAILED",
    ],
    ["an invalid id", "/jobs/42/cancel", {}, 400, "INVALID_ID"],
    [
      "a job that does not exist",
      "/jobs/00000000-0000-4000-8000-000000000000/cancel",
      {},
      404,
      "JOB_NOT_FOUND",
    ],
    [
      "a dead letter that does not exist",
      "/dead-letters/00000000-0000-4000-8000-000000000000/replay",
      {},
      404,
      "DEAD_LETTER_NOT_FOUND",
    ],
    ["an unknown action", "/jobs/actions", json({ action: "explode", filter: {} }), 422, "VALIDATION_FAILED"],
    [
      "U+0000 in a filter's text",
      "/jobs/actions",
      json({ action: "retry", filter: { text: "a\u0000b" }, dryRun: true }),
      422,
      "VALIDATION_FAILED",
    ],
    [
      "an empty filter without confirmation that every job is meant",
      "/jobs/actions",
      json({ action: "cancel", filter: {} }),
      422,
      "VALIDATION_FAILED",
    ],
    [
      "U+0000 in a filter's payload",
      "/jobs/actions",
      json({ action: "cancel", filter: { payload: { text: "a\u0000b" } }, dryRun: true }),
      422,
      "VALIDATION_FAILED",
    ],
    ["a path that is not UTF-8", "/jobs/%FF/cancel", {}, 400, "MALFORMED_PATH"],
    ["U+0000 in a queue's type", "/queues/%00/pause", {}, 422, "UNKNOWN_JOB_TYPE"],
    ["a queue of an unknown type", "/queues/brew/pause", {}, 422, "UNKNOWN_JOB_TYPE"],
    ["a route that does not exist", "/job", json({}), 404, "ROUTE_NOT_FOUND"],
  ];

  test.each(cases)(
    "%s is refused with the expected code and a problem that matches the schema",
    async (_what, path, init, status, code) => {
      const reply = await fetch(`${world().gateway()}${path}`, { method: "POST", ...init });
      expect(reply.headers.get("content-type")).toBe("application/problem+json");
      const problem = (await reply.json()) as Problem;
      expect({ status: reply.status, code: problem.code }).toEqual({ status, code: code as Problem["code"] });
      expect(Value.Check(Problem, problem)).toBe(true);
      expect(problem.correlationId).toBe(reply.headers.get("x-correlation-id") ?? "");
      expect(problem.detail?.length).toBeGreaterThan(10);
    },
  );

  test.each([
    ["GET", "/jobs", "POST"],
    ["GET", `/jobs/${crypto.randomUUID()}/cancel`, "POST"],
    ["PUT", "/job-types", "GET, HEAD"],
  ])("%s %s is refused with a list of the allowed methods", async (method, path, allowed) => {
    const reply = await fetch(`${world().gateway()}${path}`, { method });
    expect(reply.status).toBe(405);
    expect(reply.headers.get("allow")).toBe(allowed);
    expect((await reply.json()) as Problem).toMatchObject({ code: "METHOD_NOT_ALLOWED" });
  });

  test("a problem response names the path that the caller requested, even when the processor refused the request", async () => {
    for (const path of [`/jobs/${crypto.randomUUID()}/cancel`, "/queues/brew/pause", "/jobs/42/retry"]) {
      const reply = await fetch(`${world().gateway()}${path}`, { method: "POST" });
      expect(((await reply.json()) as Problem).instance).toBe(path);
    }
  });

  test("a missing field is reported once", async () => {
    const problem = (await (await world().post("/jobs", { payload: {} })).json()) as Problem;
    expect(problem.errors).toEqual([{ path: "/type", message: "Expected required property" }]);
    const nested = (await (await world().post("/jobs", { type: "hash", payload: {} })).json()) as Problem;
    expect(nested.errors?.map(({ path }) => path)).toEqual(["/payload/text"]);
  });

  test("an unknown status is refused with a list of the known statuses", async () => {
    const filter = { status: ["FIALED"] };
    const problem = (await (
      await world().post("/jobs/actions", { action: "retry", filter })
    ).json()) as Problem;
    expect(problem.code).toBe("VALIDATION_FAILED");
    expect(problem.detail).toContain("expected one of PENDING, VALIDATED");
    const line = { action: "retry", filter: "status:fialed type:hsah" };
    const read = (await (await world().post("/jobs/actions", line)).json()) as Problem;
    expect(read.errors?.map(({ message }) => message)).toEqual([
      'status is "fialed", and there is no such status; did you mean failed?',
      'type is "hsah", and there is no such job type; did you mean hash?',
    ]);
  });

  test("an unknown type is refused with a list of the known types", async () => {
    const problem = (await (await world().post("/jobs", { type: "brew" })).json()) as Problem;
    expect(problem.facts?.known).toEqual([...JOB_TYPES.keys()]);
  });

  test("a bad job in a batch is refused with its index, and the others are accepted", async () => {
    const reply = await world().post("/jobs/batch", {
      jobs: [{ type: "sleep" }, { type: "brew" }, { type: "sleep", payload: { ms: 1 } }, 7],
    });
    expect(reply.status).toBe(202);
    const body = (await reply.json()) as {
      accepted: number;
      refused: number;
      results: { index: number; jobId?: string; problem?: Problem }[];
    };
    expect(body).toMatchObject({ accepted: 2, refused: 2 });
    expect(body.results.map((result) => result.problem?.code ?? "accepted")).toEqual([
      "accepted",
      "UNKNOWN_JOB_TYPE",
      "accepted",
      "VALIDATION_FAILED",
    ]);
    await world().untilAll(
      body.results.flatMap((result) => result.jobId ?? []),
      "COMPLETED",
    );
  });

  test("neither a page from another site nor a page that uses DNS rebinding can submit a job", async () => {
    const evil = await world().post("/jobs", { type: "sleep" }, { origin: "https://evil.example" });
    expect([evil.status, ((await evil.json()) as Problem).code]).toEqual([403, "ORIGIN_REFUSED"]);
    const rebound = await world().post("/jobs", { type: "sleep" }, { host: "evil.example" });
    expect(rebound.status).toBe(403);
  });

  test("refusals leave no job and no dead letter behind", async () => {
    const [counts] = await world()
      .sql`select (select count(*)::int from jobs) as jobs, (select count(*)::int from dead_letters) as dead`;
    expect(counts).toEqual({ jobs: 2, dead: 0 });
  });
});
