import { type AnyElysia, Elysia } from "elysia";
import { GATEWAY_ROUTES } from "../../contracts/gateway-routes.ts";
import { COMMAND_ROUTES } from "../../contracts/processor-routes.ts";
import type { Route } from "../../contracts/route.ts";
import { AppError } from "../../shared/errors.ts";
import type { Call } from "../../shared/http/call.ts";
import type { createDocs } from "../../shared/http/docs.ts";
import type { Edge } from "../../shared/http/edge.ts";
import { type Handler, type Handlers, mount } from "../../shared/http/mount.ts";
import type { createOps } from "../../shared/http/ops.ts";
import { describeJobType } from "../../shared/job-types/define.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { readTraceparent, traceIdFor } from "../../shared/traceparent.ts";
import type { CommandForwarder } from "./commands.ts";
import type { Caller, Submitter } from "./submit-job.ts";

const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const READ_ONLY_REASON = "This gateway was started with READ_ONLY=true: jobs and commands are refused";

export interface AppOptions {
  readonly edge: Edge;
  readonly ops: ReturnType<typeof createOps>;
  readonly docs: ReturnType<typeof createDocs>;
  readonly submitter: Submitter;
  readonly forward: CommandForwarder;
  readonly maxPayloadBytes: number;
  readonly maxBatchBytes: number;
  /** When true, every request that would change something is refused. */
  readonly readOnly: boolean;
  /** The read model's URL as seen by this gateway's callers. */
  readonly readModelUrl: string;
}

/** Serves the gateway's routes, operational endpoints and API docs. */
export function createApp(options: AppOptions): AnyElysia {
  const { edge, ops, docs, readOnly, maxPayloadBytes, maxBatchBytes } = options;
  const app = new Elysia()
    .use(edge)
    .onRequest(({ request }) => {
      if (readOnly && !READING.has(request.method)) throw new AppError("READ_ONLY", READ_ONLY_REASON);
    })
    .use(ops)
    .use(docs);
  return mount(app, GATEWAY_ROUTES, createHandlers(options), {
    maxBodyBytes: {
      // The payload and the metadata may each reach the limit, and the other fields need room too.
      submitJob: 2 * maxPayloadBytes + 8_192,
      submitBatch: maxBatchBytes,
    },
  });
}

function createHandlers(options: AppOptions): Handlers<typeof GATEWAY_ROUTES> {
  const { submitter, forward, readOnly, readModelUrl } = options;
  const types = JSON.stringify({ jobTypes: [...JOB_TYPES.values()].map(describeJobType) });
  const access = readOnly ? { readOnly, reason: READ_ONLY_REASON } : { readOnly };

  return {
    async submitJob(call) {
      const from = callerOf(call);
      const acceptance = await submitter.submit(await call.json(), from);
      call.replyHeaders.location = `/jobs/${acceptance.jobId}`;
      call.replyHeaders["x-trace-id"] = traceIdFor(acceptance.jobId, from.traceparent);
      return acceptance;
    },
    async submitBatch({ body, correlationId }) {
      const { jobs } = await body();
      return submitter.submitBatch(jobs, { correlationId, batch: true });
    },
    access: () => access,
    findJob({ params, replyHeaders }) {
      const href = `${readModelUrl}/jobs/${params.id}`;
      replyHeaders.location = href;
      return { jobId: params.id, href, timeline: `${href}/timeline` };
    },
    listJobTypes: () => new Response(types, { headers: { "content-type": "application/json" } }),
    ...commandHandlers(forward),
  };
}

type CommandName = keyof typeof COMMAND_ROUTES;

/** Creates a handler for each command: it forwards the command to a processor and relays the reply unchanged. */
function commandHandlers(forward: CommandForwarder) {
  const entries = Object.entries<Route>(COMMAND_ROUTES).map(([name, route]) => [
    name,
    forwarding(forward, route),
  ]);
  return Object.fromEntries(entries) as { readonly [K in CommandName]: Handler<(typeof COMMAND_ROUTES)[K]> };
}

function forwarding(forward: CommandForwarder, { method, path, body }: Route) {
  return async (call: Call<Route>): Promise<Response> => {
    const filled = pathOf(path, call.params);
    if (method === "GET") return forward.read(filled, call.correlationId);
    return forward.command({
      method,
      path: filled,
      correlationId: call.correlationId,
      idempotencyKey: call.header("idempotency-key"),
      ...(body && { body: (await call.body()) ?? {} }),
    });
  };
}

const pathOf = (path: string, params: Readonly<Record<string, string>>) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));

function callerOf(call: Call<(typeof GATEWAY_ROUTES)["submitJob"]>): Caller {
  return {
    correlationId: call.correlationId,
    idempotencyKey: call.header("idempotency-key"),
    traceparent: readTraceparent(call.header("traceparent") ?? null),
  };
}
