import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { JobRequest } from "../../contracts/api-commands.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { examplePayload, nextDemoJob } from "./demo-jobs.ts";

const types = [...JOB_TYPES.values()];

test("demo jobs cover every type and match its schema", () => {
  const seen = new Set<string>();
  for (let n = 0; n < 2_000; n++) {
    const job = nextDemoJob(types, "http://127.0.0.1:9999");
    seen.add(job.type);
    expect([...Value.Errors(JobRequest, job)]).toEqual([]);
    expect([
      ...Value.Errors(
        JOB_TYPES.get(job.type)!.payload,
        Value.Default(JOB_TYPES.get(job.type)!.payload, job.payload),
      ),
    ]).toEqual([]);
  }
  expect([...seen].sort()).toEqual(types.map(({ name }) => name).sort());
});

test("some demo jobs are scheduled, always in the future", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const later = Array.from(
    { length: 300 },
    () => nextDemoJob(types, "http://x", Math.random, now).runAt,
  ).filter(Boolean);
  expect(later.length).toBeGreaterThan(10);
  for (const runAt of later) expect(Date.parse(runAt!)).toBeGreaterThan(now);
});

test("an example that links to the processor gets its actual address", () => {
  const example = { url: "http://127.0.0.1:3001/healthz", expectStatus: 200 };
  expect(examplePayload({ name: "http-check", example }, "http://127.0.0.1:8083")).toEqual({
    url: "http://127.0.0.1:8083/healthz",
    expectStatus: 200,
  });
});
