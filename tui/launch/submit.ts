import type { JobRequest } from "../../contracts/api-commands.ts";
import type { JobPage } from "../../contracts/api-queries.ts";
import type { JobTypeInfo } from "../../contracts/job-type.ts";
import { halfJitter, pause } from "../../shared/async.ts";
import { messageOf } from "../../shared/errors.ts";
import { examplePayload, nextDemoJob } from "./demo-jobs.ts";

export interface SubmitOptions {
  readonly gatewayUrl: string;
  readonly processorUrl: string;
  readonly readModelUrl: string;
  readonly signal: AbortSignal;
}

/** Submits one sample job of each type if the store is empty. Returns the types' names, or none if jobs exist. */
export async function submitSamples({
  gatewayUrl,
  processorUrl,
  readModelUrl,
  signal,
}: SubmitOptions): Promise<string[]> {
  const page = await call<JobPage>(`${readModelUrl}/jobs?limit=1`, { signal });
  if (page.items.length > 0) return [];
  const types = await jobTypes(gatewayUrl, signal);
  for (const type of types) {
    const payload = examplePayload(type, processorUrl);
    await submit(gatewayUrl, { type: type.name, payload, metadata: { source: "sample" } }, signal);
  }
  return types.map(({ name }) => name);
}

/** Submits one or two varied jobs per second until the signal aborts. Reports only the first of successive failures. */
export async function runDemo(
  { gatewayUrl, processorUrl, signal }: Omit<SubmitOptions, "readModelUrl">,
  onTrouble: (line: string) => void,
): Promise<void> {
  let types: readonly JobTypeInfo[] = [];
  let isInTrouble = false;
  while (!signal.aborted) {
    try {
      // Reads the types again after a failure, because a restarted gateway may have other types.
      if (types.length === 0 || isInTrouble) types = await jobTypes(gatewayUrl, signal);
      await submit(gatewayUrl, nextDemoJob(types, processorUrl), signal);
      isInTrouble = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!isInTrouble) onTrouble(`The demo keeps trying: ${messageOf(error)}`);
      isInTrouble = true;
    }
    await pause(halfJitter(0, 1_000, 1_000), signal);
  }
}

async function jobTypes(gatewayUrl: string, signal: AbortSignal): Promise<readonly JobTypeInfo[]> {
  return (await call<{ jobTypes: JobTypeInfo[] }>(`${gatewayUrl}/job-types`, { signal })).jobTypes;
}

async function submit(gatewayUrl: string, job: JobRequest, signal: AbortSignal): Promise<void> {
  await call(`${gatewayUrl}/jobs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(job),
    signal,
  });
}

async function call<T>(
  url: string,
  { signal, ...request }: RequestInit & { signal: AbortSignal },
): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
  const response = await fetch(url, { ...request, signal: limit });
  if (response.ok) return (await response.json()) as T;
  throw new Error(`${request.method ?? "GET"} ${url} answered ${response.status}: ${await response.text()}`);
}
