import { Elysia } from "elysia";
import { ActionRequest, BatchRequest, IdempotencyKey, ReplayRequest } from "../../contracts/api-commands.ts";
import { GATEWAY_ROUTES } from "../../contracts/routes.ts";
import type { createDocs } from "../../shared/http/docs.ts";
import type { Edge } from "../../shared/http/edge.ts";
import type { createOps } from "../../shared/http/ops.ts";
import { refuseOtherMethods } from "../../shared/http/other-methods.ts";
import { createCheck, readId, readJson } from "../../shared/http/read-request.ts";
import { describeJobType } from "../../shared/job-types/define.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { readTraceparent, traceIdFor } from "../../shared/traceparent.ts";
import type { CommandForwarder } from "./commands.ts";
import type { Caller, Submitter } from "./submit-job.ts";

const checkKey = createCheck(IdempotencyKey, "VALIDATION_FAILED", "The Idempotency-Key header");
const checkBatch = createCheck(BatchRequest, "VALIDATION_FAILED", "The batch");
const checkAction = createCheck(ActionRequest, "VALIDATION_FAILED", "The request");
const checkReplay = createCheck(ReplayRequest, "VALIDATION_FAILED", "The request");

export interface AppOptions {
  readonly edge: Edge;
  readonly ops: ReturnType<typeof createOps>;
  readonly docs: ReturnType<typeof createDocs>;
  readonly submitter: Submitter;
  readonly forward: CommandForwarder;
  readonly maxPayloadBytes: number;
  readonly maxBatchBytes: number;
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
}: AppOptions) {
  // Payload and metadata may each have their full size, and the rest of a job needs room too.
  const maxJobBytes = 2 * maxPayloadBytes + 8_192;
  const types = JSON.stringify({ jobTypes: [...JOB_TYPES.values()].map(describeJobType) });

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
    .get("/job-types", () => new Response(types, { headers: { "content-type": "application/json" } }))
    .post("/jobs/:id/cancel", ({ params, correlationId }) =>
      forward("POST", `/jobs/${readId(params.id)}/cancel`, correlationId),
    )
    .post("/jobs/:id/retry", ({ params, correlationId }) =>
      forward("POST", `/jobs/${readId(params.id)}/retry`, correlationId),
    )
    .post(
      "/jobs/actions",
      async ({ request, correlationId }) =>
        forward("POST", "/jobs/actions", correlationId, checkAction(await readJson(request, 65_536))),
      { parse: "none" },
    )
    .post(
      "/dead-letters/:id/replay",
      async ({ request, params, correlationId }) => {
        const body = await readJson(request, 524_288, true);
        const id = readId(params.id);
        return forward(
          "POST",
          `/dead-letters/${id}/replay`,
          correlationId,
          body === undefined ? {} : checkReplay(body),
        );
      },
      { parse: "none" },
    )
    .delete("/dead-letters/:id", ({ params, correlationId }) =>
      forward("DELETE", `/dead-letters/${readId(params.id)}`, correlationId),
    )
    .post("/queues/:type/pause", ({ params, correlationId }) =>
      forward("POST", `/queues/${encodeURIComponent(params.type)}/pause`, correlationId),
    )
    .post("/queues/:type/resume", ({ params, correlationId }) =>
      forward("POST", `/queues/${encodeURIComponent(params.type)}/resume`, correlationId),
    );
  refuseOtherMethods(app, GATEWAY_ROUTES);
  return app;
}

function caller(request: Request, correlationId: string): Caller {
  const key = request.headers.get("idempotency-key");
  return {
    correlationId,
    idempotencyKey: key === null ? undefined : checkKey(key),
    traceparent: readTraceparent(request.headers.get("traceparent")),
  };
}
