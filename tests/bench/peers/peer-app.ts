import { TypeCompiler } from "@sinclair/typebox/compiler";
import { Elysia } from "elysia";
import { BatchRequest, JobRequest } from "../../../contracts/api-commands.ts";
import type { PeerQueue } from "./peer.ts";

const KNOWN_TYPES = new Set(["sleep"]);
const MAX_PAYLOAD_BYTES = 65_536;
const isJobRequest = TypeCompiler.Compile(JobRequest);

/**
 * Creates the HTTP server that runs in front of a peer, a library that the benchmark compares with ours. Its framework,
 * request schema, checks and status codes are those of the gateway; only the call that enqueues a job is the library's.
 * The benchmark therefore compares task systems, not web servers.
 */
export function createPeerApp(queue: PeerQueue) {
  return new Elysia({ serve: { hostname: "127.0.0.1", maxRequestBodySize: 16 * 1024 * 1024 } })
    .post(
      "/jobs",
      async ({ body, status }) => {
        const refusal = findRefusal(body);
        if (refusal) return status(refusal.status, refusal);
        return status(202, { jobId: await queue.add({ type: body.type, payload: body.payload ?? {} }) });
      },
      { body: JobRequest },
    )
    .post(
      "/jobs/batch",
      async ({ body, status }) => {
        const results: Record<string, unknown>[] = [];
        const good: { index: number; job: JobRequest }[] = [];
        for (const [index, job] of body.jobs.entries()) {
          const refusal = isJobRequest.Check(job) ? findRefusal(job) : { status: 422, code: "INVALID" };
          if (refusal) results[index] = { index, problem: refusal };
          else good.push({ index, job: job as JobRequest });
        }
        const ids = await queue.addMany(good.map(({ job: { type, payload = {} } }) => ({ type, payload })));
        for (const [at, { index }] of good.entries()) results[index] = { index, jobId: ids[at] };
        return status(202, { accepted: good.length, refused: results.length - good.length, results });
      },
      { body: BatchRequest },
    );
}

function findRefusal({ type, payload = {} }: JobRequest): { status: 413 | 422; code: string } | null {
  if (!KNOWN_TYPES.has(type)) return { status: 422, code: "UNKNOWN_JOB_TYPE" };
  if (Buffer.byteLength(JSON.stringify(payload)) > MAX_PAYLOAD_BYTES)
    return { status: 413, code: "PAYLOAD_TOO_LARGE" };
  return null;
}
