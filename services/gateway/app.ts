import { Elysia } from "elysia";
import {
  ActionRequest,
  BatchRequest,
  DeadLetterActionRequest,
  IdempotencyKey,
  ReplayRequest,
} from "../../contracts/api-commands.ts";
import { GATEWAY_ROUTES } from "../../contracts/routes.ts";
import type { createDocs } from "../../shared/http/docs.ts";
import type { Edge } from "../../shared/http/edge.ts";
import type { createOps } from "../../shared/http/ops.ts";
import { refuseOtherMethods } from "../../shared/http/other-methods.ts";
import { createCheck, readId, readJson } from "../../shared/http/read-request.ts";
import { describeJobType } from "../../shared/job-types/define.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { readTraceparent, traceIdFor } from "../../shared/traceparent.ts";
import type { Command, CommandForwarder } from "./commands.ts";
import type { Caller, Submitter } from "./submit-job.ts";

const checkKey = createCheck(IdempotencyKey, "VALIDATION_FAILED", "The Idempotency-Key header");
const checkBatch = createCheck(BatchRequest, "VALIDATION_FAILED", "The batch");
const checkAction = createCheck(ActionRequest, "VALIDATION_FAILED", "The request");
const checkLetters = createCheck(DeadLetterActionRequest, "VALIDATION_FAILED", "The request");
const checkReplay = createCheck(ReplayRequest, "VALIDATION_FAILED", "The request");

/** A command without a body: one that is sent all the same is not read. */
const BARE = { parse: "none" } as const;

export interface AppOptions {
  readonly edge: Edge;
  readonly ops: ReturnType<typeof createOps>;
  readonly docs: ReturnType<typeof createDocs>;
  readonly submitter: Submitter;
  readonly forward: CommandForwarder;
  readonly maxPayloadBytes: number;
  readonly maxBatchBytes: number;
  /** Where callers of this gateway reach the read model. */
  readonly readModelUrl: string;
}

/** The gateway's routes; `contracts/routes.ts` describes them. */
export function createApp({
  edge,
  ops,
  docs,
  submitter,
  forward,
  maxPayloadBytes,
  maxBatchBytes,
  readModelUrl,
}: AppOptions) {
  // Payload and metadata may each have their full size, and the rest of a job needs room too.
  const maxJobBytes = 2 * maxPayloadBytes + 8_192;
  const types = JSON.stringify({ jobTypes: [...JOB_TYPES.values()].map(describeJobType) });

  const command = (
    { request, correlationId }: { request: Request; correlationId: string },
    method: Command["method"],
    path: string,
    body?: unknown,
  ) => forward.command({ method, path, correlationId, idempotencyKey: keyOf(request), body });

  const app = new Elysia()
    .use(edge)
    .use(ops)
    .use(docs)
    .post(
      "/jobs",
      async ({ request, correlationId, set }) => {
        const from = caller(request, correlationId);
        const acceptance = await submitter.submit(await readJson(request, maxJobBytes), from);
        set.status = 202;
        set.headers.location = `/jobs/${acceptance.jobId}`;
        set.headers["x-trace-id"] = traceIdFor(acceptance.jobId, from.traceparent);
        return acceptance;
      },
      { parse: "none" },
    )
    .post(
      "/jobs/batch",
      async ({ request, correlationId, set }) => {
        const { jobs } = checkBatch(await readJson(request, maxBatchBytes));
        set.status = 202;
        return submitter.submitBatch(jobs, { correlationId, batch: true });
      },
      { parse: "none" },
    )
    .get("/jobs/:id", ({ params }) => {
      const jobId = readId(params.id);
      const href = `${readModelUrl}/jobs/${jobId}`;
      return Response.json(
        { jobId, href, timeline: `${href}/timeline` },
        { status: 307, headers: { location: href } },
      );
    })
    .get("/job-types", () => new Response(types, { headers: { "content-type": "application/json" } }))
    .post("/jobs/:id/cancel", (call) => command(call, "POST", `/jobs/${readId(call.params.id)}/cancel`), BARE)
    .post("/jobs/:id/retry", (call) => command(call, "POST", `/jobs/${readId(call.params.id)}/retry`), BARE)
    .post(
      "/jobs/actions",
      async (call) =>
        command(call, "POST", "/jobs/actions", checkAction(await readJson(call.request, 65_536))),
      { parse: "none" },
    )
    .get("/jobs/actions/:id", ({ params, correlationId }) =>
      forward.read(`/jobs/actions/${readId(params.id)}`, correlationId),
    )
    .post(
      "/jobs/actions/:id/cancel",
      (call) => command(call, "POST", `/jobs/actions/${readId(call.params.id)}/cancel`),
      BARE,
    )
    .post(
      "/dead-letters/actions",
      async (call) =>
        command(call, "POST", "/dead-letters/actions", checkLetters(await readJson(call.request, 65_536))),
      { parse: "none" },
    )
    .get("/dead-letters/actions/:id", ({ params, correlationId }) =>
      forward.read(`/dead-letters/actions/${readId(params.id)}`, correlationId),
    )
    .post(
      "/dead-letters/actions/:id/cancel",
      (call) => command(call, "POST", `/dead-letters/actions/${readId(call.params.id)}/cancel`),
      BARE,
    )
    .post(
      "/dead-letters/:id/replay",
      async (call) => {
        const body = await readJson(call.request, 524_288, true);
        const path = `/dead-letters/${readId(call.params.id)}/replay`;
        return command(call, "POST", path, body === undefined ? {} : checkReplay(body));
      },
      { parse: "none" },
    )
    .delete(
      "/dead-letters/:id",
      (call) => command(call, "DELETE", `/dead-letters/${readId(call.params.id)}`),
      BARE,
    )
    .post(
      "/queues/:type/pause",
      (call) => command(call, "POST", `/queues/${encodeURIComponent(call.params.type)}/pause`),
      BARE,
    )
    .post(
      "/queues/:type/resume",
      (call) => command(call, "POST", `/queues/${encodeURIComponent(call.params.type)}/resume`),
      BARE,
    );
  refuseOtherMethods(app, GATEWAY_ROUTES);
  return app;
}

function caller(request: Request, correlationId: string): Caller {
  return {
    correlationId,
    idempotencyKey: keyOf(request),
    traceparent: readTraceparent(request.headers.get("traceparent")),
  };
}

function keyOf(request: Request): string | undefined {
  const key = request.headers.get("idempotency-key");
  return key === null ? undefined : checkKey(key);
}
