import { SERVICE_CATALOG } from "../../contracts/services.ts";
import { createApiClient } from "../../shared/api-client/client.ts";
import { orAbort } from "../../shared/async.ts";
import { duration } from "../../shared/format.ts";
import { until } from "../../shared/until.ts";
import type { CliContext } from "../cli/context.ts";
import { CliError } from "../cli/failure.ts";
import { watchOutcomes } from "../cli/watch-outcomes.ts";
import { accepts } from "../engines/port.ts";

const ANSWER_MS = 60_000;

/** Waits until every published port of the running parts answers on its health path or accepts a connection. */
export async function checkPorts({ signal }: CliContext, runs: ReadonlySet<string>): Promise<string> {
  const published = SERVICE_CATALOG.services
    .filter(({ name }) => runs.has(name))
    .flatMap(({ name, ports, health }) =>
      ports.flatMap(({ port, published: at }) =>
        at ? [{ name, port: at.port, path: health?.port === port ? health.path : undefined }] : [],
      ),
    );
  await Promise.all(
    published.map(({ name, port, path }) =>
      until(() => (path ? answers(`http://127.0.0.1:${port}${path}`) : accepts(port)), {
        timeoutMs: ANSWER_MS,
        signal,
        what: () => `${name} to answer on 127.0.0.1:${port}${path ?? ""}`,
      }),
    ),
  );
  return `${published.length} ports of 127.0.0.1 answer`;
}

/** Whether a URL answers successfully. Returns false for a refused or slow connection, because the caller retries. */
async function answers(url: string): Promise<boolean> {
  const reply = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  return reply?.ok === true;
}

/** Runs one job through the whole system, over this machine's published ports. */
export async function runOneJob({ signal }: CliContext): Promise<string> {
  const client = createApiClient({
    addresses: () => ({ gatewayUrl: "http://127.0.0.1:3000", readModelUrl: "http://127.0.0.1:8080" }),
  });
  const done = new AbortController();
  const limit = AbortSignal.any([signal, done.signal, AbortSignal.timeout(ANSWER_MS)]);
  const outcomes = watchOutcomes(client, limit);
  try {
    await orAbort(outcomes.ready, limit);
    const startedAt = performance.now();
    const job = { type: "sleep", payload: { ms: 0 } };
    const { jobId } = await client.gateway.submitJob({ body: job }, { signal: limit });
    outcomes.expect(jobId);
    await outcomes.allEnded(limit);
    const status = outcomes.ended.get(jobId);
    if (status !== "COMPLETED")
      throw new CliError(
        1,
        `Job ${jobId} is ${status ?? "still open"} after ${duration(ANSWER_MS)}`,
        `\`odd-dashboard job ${jobId}\` shows where it is`,
        "NOT_VERIFIED",
      );
    return `job ${jobId} completed in ${duration(performance.now() - startedAt)}`;
  } finally {
    done.abort();
  }
}
