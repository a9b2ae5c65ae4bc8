import { expect, test } from "bun:test";
import { GATEWAY_ROUTES } from "../../contracts/gateway-routes.ts";
import { readOpenApi } from "../support/openapi.ts";
import { behavior } from "../support/suite.ts";

const ABSENT = "00000000-0000-4000-8000-000000000000";

behavior("the gateway's OpenAPI document", {}, (world) => {
  const later = { type: "sleep", runAt: new Date(Date.now() + 3_600_000).toISOString() };
  const send = (method: string, path: string, body?: unknown) =>
    fetch(`${world().gateway()}${path}`, {
      method: method.toUpperCase(),
      redirect: "manual",
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
  const waiting = async () => {
    const id = await world().submit(later);
    await world().untilStatus(id, "SCHEDULED");
    return id;
  };
  const dead = async () => {
    const id = await world().submit({ type: "fail", maxAttempts: 1 });
    await world().untilStatus(id, "FAILED");
    return id;
  };

  const actionOn = async (target: string, action: string) => {
    const reply = await world().post(`/${target}/actions`, { action, filter: "type:fan-out" });
    return ((await reply.json()) as { id: string }).id;
  };

  /** For each operation in the route table, a call that succeeds. */
  const calls: Record<keyof typeof GATEWAY_ROUTES, () => Promise<{ path: string; body?: unknown }>> = {
    submitJob: async () => ({ path: "/jobs", body: { type: "sleep" } }),
    submitBatch: async () => ({ path: "/jobs/batch", body: { jobs: [{ type: "sleep" }, { type: "brew" }] } }),
    access: async () => ({ path: "/access" }),
    findJob: async () => ({ path: `/jobs/${await waiting()}` }),
    cancelJob: async () => ({ path: `/jobs/${await waiting()}/cancel` }),
    retryJob: async () => ({ path: `/jobs/${await dead()}/retry` }),
    actOnJobs: async () => ({
      path: "/jobs/actions",
      body: { action: "retry", filter: { type: "fail" }, dryRun: true },
    }),
    purgeJobs: async () => ({ path: "/jobs/purge", body: { filter: { type: "fail" }, dryRun: true } }),
    jobAction: async () => ({ path: `/jobs/actions/${await actionOn("jobs", "cancel")}` }),
    cancelJobAction: async () => ({ path: `/jobs/actions/${await actionOn("jobs", "cancel")}/cancel` }),
    actOnDeadLetters: async () => ({
      path: "/dead-letters/actions",
      body: { action: "replay", filter: { type: "fail" }, dryRun: true },
    }),
    deadLetterAction: async () => ({
      path: `/dead-letters/actions/${await actionOn("dead-letters", "drop")}`,
    }),
    cancelDeadLetterAction: async () => ({
      path: `/dead-letters/actions/${await actionOn("dead-letters", "drop")}/cancel`,
    }),
    // A failed job's dead letter has the job's id.
    replayDeadLetter: async () => ({ path: `/dead-letters/${await dead()}/replay`, body: {} }),
    dropDeadLetter: async () => ({ path: `/dead-letters/${await dead()}` }),
    checkCounts: async () => ({ path: "/counts/check" }),
    pauseQueue: async () => ({ path: "/queues/hash/pause" }),
    resumeQueue: async () => ({ path: "/queues/hash/resume" }),
    listJobTypes: async () => ({ path: "/job-types" }),
  };

  test("describes every route of the route table, and each route's reply matches its documented schema", async () => {
    const { document, expectDocumented } = await readOpenApi(world().gateway());
    expect(document.openapi).toStartWith("3.1");
    const seen: string[] = [];
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, { operationId, responses }] of Object.entries(methods)) {
        const call = await calls[operationId as keyof typeof calls]();
        const success = Number(Object.keys(responses).find((status) => /^[23]/.test(status)));
        await expectDocumented(path, method, await send(method, call.path, call.body), success);
        seen.push(operationId);
      }
    expect(seen.sort()).toEqual(Object.keys(GATEWAY_ROUTES).sort());
  });

  test("documents the refusals that the gateway sends", async () => {
    const { expectDocumented } = await readOpenApi(world().gateway());
    const refusals: [
      documented: string,
      method: string,
      path: string,
      body: unknown,
      status: number,
      code: string,
    ][] = [
      ["/jobs", "post", "/jobs", { type: "brew" }, 422, "UNKNOWN_JOB_TYPE"],
      ["/jobs/batch", "post", "/jobs/batch", {}, 422, "VALIDATION_FAILED"],
      ["/jobs/{id}/cancel", "post", "/jobs/x/cancel", undefined, 400, "INVALID_ID"],
      ["/jobs/{id}/retry", "post", `/jobs/${ABSENT}/retry`, undefined, 404, "JOB_NOT_FOUND"],
      ["/jobs/{id}/retry", "post", `/jobs/${await waiting()}/retry`, undefined, 409, "JOB_STATE_CONFLICT"],
      ["/jobs/actions", "post", "/jobs/actions", { action: "explode" }, 422, "VALIDATION_FAILED"],
      ["/jobs/purge", "post", "/jobs/purge", { filter: {} }, 422, "VALIDATION_FAILED"],
      ["/jobs/purge", "post", "/jobs/purge", { filter: { stauts: "FAILED" } }, 422, "VALIDATION_FAILED"],
      [
        "/dead-letters/{id}/replay",
        "post",
        `/dead-letters/${ABSENT}/replay`,
        {},
        404,
        "DEAD_LETTER_NOT_FOUND",
      ],
      ["/queues/{type}/pause", "post", "/queues/brew/pause", undefined, 422, "UNKNOWN_JOB_TYPE"],
    ];
    for (const [documented, method, path, body, status, code] of refusals) {
      const problem = await expectDocumented(documented, method, await send(method, path, body), status);
      expect([path, problem.code]).toEqual([path, code]);
    }
  });

  test("is readable offline, because every asset is served locally", async () => {
    const page = await (await fetch(`${world().gateway()}/docs`)).text();
    const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map(([, url]) => url ?? "")
      .filter((url) => !url.startsWith("data:"));
    expect(assets.length).toBeGreaterThan(2);
    for (const url of assets)
      expect([url, (await fetch(`${world().gateway()}${url}`)).status]).toEqual([url, 200]);
    expect(page).not.toMatch(/https?:\/\//);
  });

  test("a bulk cancel with an empty filter and all: true cancels every scheduled job", async () => {
    await world().post("/jobs/actions", { action: "cancel", filter: {}, all: true });
    expect(await world().sql`select 1 from jobs where status = 'SCHEDULED'`).toHaveLength(0);
  });
});
