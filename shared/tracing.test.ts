import { expect, test } from "bun:test";
import { newJobId } from "../contracts/ids.ts";
import { createLog } from "./log.ts";
import { isSampled, readTraceparent, traceIdOf, traceIdOfJob } from "./traceparent.ts";
import { openTracing } from "./tracing/open.ts";
import { TRACING_OFF } from "./tracing.ts";

const open = (endpoint: string | undefined, sampleRatio: number) =>
  openTracing({
    endpoint,
    sampleRatio,
    service: "gateway",
    version: "1.0.0",
    instanceId: "gateway-1",
    log: createLog({ service: "gateway", level: "silent" }),
  });
// Nothing listens at this URL, which does not matter: these tests end no span, and only ended spans are sent.
const ENDPOINT = "http://127.0.0.1:9";
const jobIds = Array.from({ length: 2_000 }, newJobId);

test("without an endpoint there are no traces", async () => {
  expect(await open(undefined, 1)).toBe(TRACING_OFF);
});

test("a new trace has the job's id, and a step continues its parent's trace", async () => {
  const tracing = await open(ENDPOINT, 1);
  const [jobId = ""] = jobIds;
  const first = tracing.begin(jobId, "POST /jobs", "server")?.traceparent ?? "";
  const next = tracing.span("publish", "producer", first)?.traceparent ?? "";
  for (const traceparent of [first, next]) {
    expect(readTraceparent(traceparent)).toBe(traceparent);
    expect(traceIdOf(traceparent)).toBe(traceIdOfJob(jobId));
    expect(isSampled(traceparent)).toBe(true);
  }
  expect(next).not.toBe(first);
  await tracing.close();
});

test("a step without a parent, or with an unsampled parent, has no span", async () => {
  const tracing = await open(ENDPOINT, 1);
  const parents = [null, undefined, "", `00-${"a".repeat(32)}-${"b".repeat(16)}-00`];
  expect(parents.filter((parent) => tracing.span("receive", "consumer", parent))).toEqual([]);
  await tracing.close();
});

test("new traces are sampled at the configured ratio, and a step with a sampled parent always has a span", async () => {
  const tracing = await open(ENDPOINT, 0.25);
  const sampled = jobIds.filter((jobId) => tracing.begin(jobId, "POST /jobs", "server")).length;
  expect(sampled).toBeGreaterThan(350);
  expect(sampled).toBeLessThan(650);
  const parents = jobIds.map((jobId) => `00-${traceIdOfJob(jobId)}-${"b".repeat(16)}-01`);
  expect(parents.filter((parent) => !tracing.span("receive", "consumer", parent))).toEqual([]);
  await tracing.close();
});
