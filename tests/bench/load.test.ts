import { afterAll, expect, test } from "bun:test";
import { quantile } from "./completion.ts";
import { runClosedLoop, runOpenLoop } from "./load.ts";

const stallMs = 300;
let served = 0;
let stallAt = -1;
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  async fetch(request) {
    served += 1;
    if (new URL(request.url).pathname === "/hang") await new Promise(() => undefined);
    if (served === stallAt) Bun.sleepSync(stallMs);
    const { jobs } = (await request.json()) as { jobs: unknown[] };
    return Response.json({ ids: jobs.map(() => Bun.randomUUIDv7()) }, { status: 202 });
  },
});
afterAll(() => server.stop(true));

const common = {
  readJobIds: (body: string) => (JSON.parse(body) as { ids: string[] }).ids,
  connections: 4,
  deadlineMs: 10_000,
  signal: AbortSignal.timeout(20_000),
};
const requestOf = (path: string, jobs: number) => ({
  url: `http://127.0.0.1:${server.port}${path}`,
  body: JSON.stringify({ jobs: Array.from({ length: jobs }, () => ({ type: "sleep", payload: { ms: 0 } })) }),
  jobs,
});

test("the closed loop sends every job once, singly or in batches whose replies exceed one packet", async () => {
  for (const size of [1, 1_000]) {
    const result = await runClosedLoop({ ...common, request: requestOf("/", size), totalJobs: 5_000 });
    expect(new Set(result.accepted.map(({ jobId }) => jobId)).size).toBe(5_000);
    expect(result.refused).toEqual({});
  }
});

test("the open loop sends requests at its rate", async () => {
  const result = await runOpenLoop({ ...common, request: requestOf("/", 1), ratePerSecond: 200, seconds: 1 });
  expect(result.accepted).toHaveLength(200);
  const spanMs = result.accepted.at(-1)!.sentAt - result.accepted[0]!.sentAt;
  expect(spanMs).toBeGreaterThan(950);
});

test("a server stall delays every request that was due during the stall", async () => {
  stallAt = served + 50;
  const request = requestOf("/", 1);
  // The server and the load generator share this process, so the stall blocks the generator too. The measured waits must
  // show the delay nevertheless.
  const result = await runOpenLoop({ ...common, request, ratePerSecond: 200, seconds: 1 });
  stallAt = -1;
  const waitedMs = result.accepted.map(({ sentAt }) => result.endedAt - sentAt).sort((a, b) => a - b);
  expect(result.accepted).toHaveLength(200);
  // Requests fall due at an even rate during the stall, so no two consecutive ones are as far apart as the stall is long.
  const gaps = waitedMs.slice(1).map((at, index) => at - waitedMs[index]!);
  expect(Math.max(...gaps)).toBeLessThan(stallMs / 2);
});

test("the load ends at its deadline when a server never answers", async () => {
  const load = { ...common, request: requestOf("/hang", 1), deadlineMs: 300 };
  await expect(runClosedLoop({ ...load, totalJobs: 4 })).rejects.toThrow("dropped");
  await expect(runOpenLoop({ ...load, ratePerSecond: 50, seconds: 1 })).rejects.toThrow("dropped");
});

test("quantiles use the nearest rank", () => {
  const values = Array.from({ length: 100 }, (_value, index) => index + 1);
  expect([quantile(values, 0.5), quantile(values, 0.99), quantile([7], 0.99)]).toEqual([50, 99, 7]);
  expect(quantile([], 0.5)).toBeNaN();
});
