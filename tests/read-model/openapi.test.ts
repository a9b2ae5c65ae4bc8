import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { LedgerAudit } from "../../contracts/api-queries.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import { readOpenApi } from "../support/openapi.ts";
import { describeOn } from "../support/suite.ts";
import { drainedSnapshot, seedDeadLetter, seedJob, seedWorker } from "./seed.ts";
import { createWorld, type ReadModel, type World } from "./world.ts";

setDefaultTimeout(120_000);

let world: World;
let model: ReadModel;
let api: Awaited<ReturnType<typeof readOpenApi>>;
let seeded: { jobId: string; parentId: string; deadLetterId: string; auditId: string };

/** Returns calls to an operation that together use each of its documented query parameters. */
function callsOf(operationId: string): { query?: string[]; body?: unknown }[] {
  const now = new Date().toISOString();
  const day = new Date(Date.now() - 86_400_000).toISOString();
  const calls: Record<string, { query?: string[]; body?: unknown }[]> = {
    listJobs: [
      {},
      {
        query: [
          "status=COMPLETED",
          "type=hash",
          "text=abc",
          `createdAfter=${day}`,
          `createdBefore=${now}`,
          "limit=1",
        ],
      },
      { query: [`parentId=${seeded.parentId}`, "payload.rounds=10"] },
      { query: ["status=failed,rejected", "status=CANCELLED", "filter=type:hash,sleep abc failedAfter:5m"] },
      { query: ["errorCode=HANDLER_ERROR", "fingerprint=ab", "workerId=w-1"] },
      { query: ["finishedAfter=2h", "finishedBefore=1ms", "failedAfter=1d", "failedBefore=1m"] },
      { query: ["limit=1", "cursor=next"] },
    ],
    recentJobs: [{}, { query: ["limit=2"] }],
    listEvents: [
      {},
      { query: [`jobId=${seeded.jobId}`, "eventType=job.created"] },
      { query: ["limit=1", "cursor=next"] },
    ],
    listDeadLetters: [
      {},
      { query: ["reason=OUT_OF_TRIES,malformed", "type=hash", "text=key", "diedAfter=2h", "diedBefore=1ms"] },
      { query: ["filter=reason:idempotency_conflict key"] },
      { query: ["limit=1", "cursor=next"] },
    ],
    ledger: [{}, { query: ["settleMs=0"] }],
    series: [{ query: ["metric=completed"] }, { query: ["metric=execution.p95", "type=hash", "minutes=5"] }],
    alertWebhook: [{ body: { version: "4", status: "firing", alerts: [{}] } }],
  };
  return calls[operationId] ?? [{}];
}

describeOn(["postgres", "redis", "mongo"], "the read-model's OpenAPI document", () => {
  beforeAll(async () => {
    world = await createWorld();
    model = await world.start();
    api = await readOpenApi(model.url);

    const parent = await seedJob(world.sql, { type: "fan-out" });
    const child = await seedJob(world.sql, { parentId: parent.id });
    const failed = await seedJob(world.sql, {
      status: "FAILED",
      error: { code: "HANDLER_ERROR", message: "it broke" },
    });
    await seedWorker(world.sql, "w-1");
    await seedJob(world.sql, { status: "EXECUTING", workerId: "w-1" });
    await seedJob(world.sql, { status: "VALIDATED" });
    await world.observations.record([...parent.events, ...child.events, ...failed.events]);
    await world.observations.recordSnapshot(drainedSnapshot());
    const deadLetterId = await seedDeadLetter(world.sql, { jobId: failed.id });
    await seedDeadLetter(world.sql, { body: Uint8Array.of(0xff) });
    const audit = await fetch(`${model.url}/ledger/audit`, { method: "POST" });
    const auditId = ((await audit.json()) as LedgerAudit).id;
    seeded = { jobId: child.id, parentId: parent.id, deadLetterId, auditId };
  }, 600_000);
  afterAll(async () => {
    await world?.stop();
  }, 60_000);

  test("is OpenAPI 3.1 and has every route of the read-model", () => {
    expect(api.document.openapi).toStartWith("3.1");
    const documented = Object.values(api.document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(documented.sort()).toEqual(Object.keys(READ_MODEL_ROUTES).sort());
  });

  test("has a schema that accepts each route's reply", async () => {
    let called = 0;
    for (const [path, methods] of Object.entries(api.document.paths))
      for (const [method, operation] of Object.entries(methods)) {
        const id = path.startsWith("/dead-letters")
          ? seeded.deadLetterId
          : path.startsWith("/ledger")
            ? seeded.auditId
            : seeded.jobId;
        const documented = operation.parameters.filter((one) => one.in === "query").map(({ name }) => name);
        const used = new Set<string>();
        let cursor = "";
        const calls = callsOf(operation.operationId);
        for (const { query = [], body } of calls) {
          const search = query.map((part) => part.replace("cursor=next", `cursor=${cursor}`)).join("&");
          for (const name of new URLSearchParams(search).keys())
            used.add(name.replace(/^payload\..+/, "payload.<field>"));
          const send = (text: string) =>
            fetch(`${model.url}${path.replace("{id}", id).replace("{name}", "ServiceDown")}?${text}`, {
              method: method.toUpperCase(),
              ...(body !== undefined && {
                body: JSON.stringify(body),
                headers: { "content-type": "application/json" },
              }),
            });
          // Take the cursor from a previous page of the same size.
          if (query.includes("cursor=next")) {
            const first = (await (await send("limit=1")).json()) as { nextCursor: string | null };
            expect([path, first.nextCursor]).not.toEqual([path, null]);
            cursor = first.nextCursor ?? "";
            await api.expectDocumented(path, method, await send(`limit=1&cursor=${cursor}`), 200);
          } else await api.expectDocumented(path, method, await send(search), 200);
          called++;
        }
        expect([path, documented.filter((name) => !used.has(name))]).toEqual([path, []]);
        const sendsBody = calls.some(({ body }) => body !== undefined);
        expect([path, operation.requestBody !== undefined]).toEqual([path, sendsBody]);
      }
    expect(called).toBeGreaterThanOrEqual(Object.keys(READ_MODEL_ROUTES).length);
  });

  test("documents each refusal as a problem", async () => {
    const absent = "00000000-0000-4000-8000-000000000000";
    const post = (body: string, type = "application/json") => ({
      method: "POST",
      body,
      headers: { "content-type": type },
    });
    const refusals: [path: string, url: string, status: number, code: string, init?: RequestInit][] = [
      ["/jobs", "/jobs?limit=x", 400, "INVALID_QUERY"],
      ["/jobs", "/jobs?cursor=x", 400, "INVALID_CURSOR"],
      ["/jobs/{id}", "/jobs/x", 400, "INVALID_ID"],
      ["/jobs/{id}", `/jobs/${absent}`, 404, "JOB_NOT_FOUND"],
      ["/jobs/{id}/timeline", `/jobs/${absent}/timeline`, 404, "JOB_NOT_FOUND"],
      ["/events", "/events?eventType=job.unheard", 400, "INVALID_QUERY"],
      ["/dead-letters/{id}", `/dead-letters/${absent}`, 404, "DEAD_LETTER_NOT_FOUND"],
      ["/runbooks/{name}", "/runbooks/ServiceDwn", 404, "ROUTE_NOT_FOUND"],
      ["/series", "/series", 400, "INVALID_QUERY"],
      ["/ledger", "/ledger?settleMs=-1", 400, "INVALID_QUERY"],
      ["/webhook/alerts", "/webhook/alerts", 400, "MALFORMED_JSON", post("{")],
      ["/webhook/alerts", "/webhook/alerts", 422, "VALIDATION_FAILED", post("{}")],
      ["/webhook/alerts", "/webhook/alerts", 415, "UNSUPPORTED_MEDIA_TYPE", post("{}", "text/plain")],
      ["/jobs", "/jobs", 403, "ORIGIN_REFUSED", { headers: { origin: "http://elsewhere.example" } }],
    ];
    for (const [path, url, status, code, init] of refusals) {
      const response = await fetch(`${model.url}${url}`, init);
      const problem = await api.expectDocumented(
        path,
        (init?.method ?? "GET").toLowerCase(),
        response,
        status,
      );
      expect([url, problem.code]).toEqual([url, code]);
      expect(problem.correlationId).toBe(response.headers.get("x-correlation-id"));
    }
  });

  test("documents the 503 reply of routes that need an unavailable store", async () => {
    world.networks.postgres.cut();
    for (const path of ["/jobs", "/queues", "/stats"])
      await api.expectDocumented(path, "get", await fetch(`${model.url}${path}`), 503);
    await api.expectDocumented("/overview", "get", await fetch(`${model.url}/overview`), 200);
    world.networks.postgres.restore();
  });

  test("is shown at /docs with local assets only", async () => {
    const page = await (await fetch(`${model.url}/docs`)).text();
    const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? "");
    expect(assets.length).toBeGreaterThan(2);
    for (const url of assets.filter((one) => !one.startsWith("data:"))) {
      expect(url).toStartWith("/");
      expect((await fetch(`${model.url}${url}`)).status).toBe(200);
    }
  });
});
