import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Acceptance } from "../../contracts/api-commands.ts";
import { EventPage, JobDetail } from "../../contracts/api-queries.ts";
import { isTerminal } from "../../contracts/job.ts";
import type { Exchange, Send } from "./recorder.ts";

export type SmokeTargets = Readonly<Record<"gateway" | "readModel" | "metrics", string>>;

export interface ProofPath {
  readonly name: string;
  /** Resolves to a short description of the evidence. */
  prove(send: Send, signal: AbortSignal): Promise<string>;
}

const JOB_TYPE = "hash";
const COUNTER = "observatory_jobs_completed_total";

/** Returns the four checks of the smoke test. They follow one job, so they must run in this order. */
export function proofPaths({ gateway, readModel, metrics }: SmokeTargets): ProofPath[] {
  let jobId = "";
  let countedBefore = 0;

  return [
    {
      name: "job accepted",
      async prove(send) {
        countedBefore = countOf(await send("GET", `${metrics}/metrics`)) ?? 0;
        const payload = { text: `smoke ${Date.now()}`, rounds: 1_000 };
        const reply = await send("POST", `${gateway}/jobs`, { type: JOB_TYPE, payload });
        const acceptance = expectReply(reply, 202, Acceptance);
        jobId = acceptance.jobId;
        const { location } = reply.headers;
        if (!location?.endsWith(`/jobs/${jobId}`))
          throw new Error(`Location is ${location ?? "missing"}, expected one that ends in /jobs/${jobId}`);
        return `${jobId}, the reply matches its schema`;
      },
    },
    {
      name: "events carry the job id",
      async prove(send, signal) {
        return await pollUntilSeen(signal, async () => {
          const { items } = expectReply(
            await send("GET", `${readModel}/events?jobId=${jobId}`),
            200,
            EventPage,
          );
          const stray = items.find(({ payload }) => payload.jobId !== jobId);
          if (stray)
            throw new Error(`Event ${stray.eventId} is about ${stray.payload.jobId}, expected ${jobId}`);
          const types = items.map(({ eventType }) => eventType);
          if (!types.includes("job.created") || !types.includes("job.completed")) return undefined;
          return types.join(", ");
        });
      },
    },
    {
      name: "job completed",
      async prove(send, signal) {
        return await pollUntilSeen(signal, async () => {
          const job = expectReply(await send("GET", `${readModel}/jobs/${jobId}`), 200, JobDetail);
          if (!isTerminal(job.status)) return undefined;
          if (job.status !== "COMPLETED")
            throw new Error(
              `The job is ${job.status} (${job.error?.message ?? "no reason"}), expected COMPLETED`,
            );
          return `${job.status} after ${job.transitions.length} transitions, in ${job.durationMs} ms`;
        });
      },
    },
    {
      name: "metrics count it",
      async prove(send, signal) {
        return await pollUntilSeen(signal, async () => {
          const counted = countOf(await send("GET", `${metrics}/metrics`));
          if (counted === undefined || counted <= countedBefore) return undefined;
          return `${COUNTER}{type="${JOB_TYPE}"} went from ${countedBefore} to ${counted}`;
        });
      },
    },
  ];
}

function expectReply<T extends TSchema>({ status, json, text }: Exchange, wanted: number, schema: T) {
  if (status !== wanted)
    throw new Error(`The reply has status ${status}, expected ${wanted}: ${text.slice(0, 500)}`);
  const fault = Value.Errors(schema, json).First();
  if (fault) throw new Error(`The reply breaks its schema at ${fault.path || "/"}: ${fault.message}`);
  return json as T["static"];
}

/** Returns the counter's value for the job type, or undefined if it is not exposed. */
function countOf({ text }: Exchange): number | undefined {
  const line = text
    .split("\n")
    .find((one) => one.startsWith(`${COUNTER}{`) && one.includes(`type="${JOB_TYPE}"`));
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
}

/**
 * Polls until `look` returns a description. Replies with status 404 or 503 mean that the result is not available yet.
 */
async function pollUntilSeen(signal: AbortSignal, look: () => Promise<string | undefined>): Promise<string> {
  let last: unknown;
  while (!signal.aborted) {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
      last = undefined;
    } catch (error) {
      if (signal.aborted) break;
      if (!/status (404|503)/.test((error as Error).message)) throw error;
      last = error;
    }
    await Bun.sleep(50);
  }
  throw last ?? new Error("The expected state was not reached in time");
}
