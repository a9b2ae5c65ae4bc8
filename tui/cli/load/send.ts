import type { JobRequest } from "../../../contracts/api-commands.ts";
import { ApiError } from "../../../shared/api-client/api-error.ts";
import type { ApiClient } from "../../../shared/api-client/client.ts";
import type { ApiErrorCode } from "../../../shared/api-client/error-code.ts";
import { pause } from "../../../shared/async.ts";

export interface SendOptions {
  readonly client: ApiClient;
  readonly job: JobRequest;
  readonly ratePerSecond: number;
  readonly durationMs: number;
  readonly signal: AbortSignal;
  /** Called for each accepted job. `acceptMs` is the time from the request's due time to its 202 response. */
  onAccepted(jobId: string, dueAt: number, acceptMs: number): void;
  onRefused(code: ApiErrorCode, detail: string): void;
}

/** The most requests in flight. Further requests wait, and their latency includes the wait. */
const MAX_IN_FLIGHT = 256;
const TICK_MS = 5;

/**
 * Sends jobs in an open loop: one every 1/rate seconds, whether or not earlier ones were answered. A stall therefore
 * counts against every request it delays. Stops sending when the signal aborts. Resolves with the number of requests
 * once all of them are answered.
 */
export async function sendLoad(options: SendOptions): Promise<number> {
  const { ratePerSecond, durationMs, signal } = options;
  const total = Math.round((ratePerSecond * durationMs) / 1_000);
  const startedAt = performance.now();
  const dueAt = (index: number) => startedAt + (index * 1_000) / ratePerSecond;
  const inFlight = new Set<Promise<void>>();
  let sent = 0;
  while (sent < total && !signal.aborted) {
    while (sent < total && inFlight.size < MAX_IN_FLIGHT && dueAt(sent) <= performance.now()) {
      const request = sendOne(options, dueAt(sent)).finally(() => inFlight.delete(request));
      inFlight.add(request);
      sent++;
    }
    if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
    else await pause(Math.max(TICK_MS, dueAt(sent) - performance.now()), signal);
  }
  await Promise.all(inFlight);
  return sent;
}

async function sendOne({ client, job, onAccepted, onRefused }: SendOptions, dueAt: number): Promise<void> {
  try {
    // A request that was sent is not aborted: the gateway may accept it, and only the response tells whether it did.
    const { jobId } = await client.gateway.submitJob({ body: job });
    onAccepted(jobId, dueAt, performance.now() - dueAt);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    onRefused(error.code, error.detail);
  }
}
