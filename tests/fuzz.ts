import { connect, type Socket } from "node:net";
import { Option } from "@commander-js/extra-typings";
import type { DeadLetterPage, JobPage, Ledger } from "../contracts/api-queries.ts";
import { createCommandLine, UsageError, wholeNumber } from "../shared/command-line.ts";
import { JOB_TYPES } from "../shared/job-types/registry.ts";
import { findFreePort } from "../tui/engines/port.ts";
import type { EngineSetName } from "../tui/launch/engine-set.ts";
import { faultIn } from "./fuzz/judge.ts";
import { type Known, makeRequest } from "./fuzz/requests.ts";
import { allTargets, type Target } from "./fuzz/routes.ts";
import { exchange } from "./fuzz/wire.ts";
import { enginesOf, stopTestEngines, whyLeftOut } from "./support/engines.ts";
import { createRandom } from "./support/random.ts";
import { type ServiceProcess, startService } from "./support/service-process.ts";
import { eventually } from "./support/wait.ts";
import { createWorld, type World } from "./support/world.ts";

const AT_A_TIME = 16;
const REPLY_MS = 20_000;
/** A half-sent body is refused after 30 s. A connection that is still open after this time is reported as a fault. */
const HALF_SENT_MS = 40_000;
const MAX_FAULTS = 20;

const startedAt = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}`);

/**
 * Submits jobs of every type and one that becomes a dead letter, and fetches a cursor, so that requests can refer to
 * them.
 */
async function seedWorld(world: World): Promise<Known> {
  const jobs = [...JOB_TYPES.values()].map(({ name, example }) => ({ type: name, payload: example }));
  const later = { type: "sleep", runAt: new Date(Date.now() + 3_600_000).toISOString() };
  const jobIds = await world.submitMany([...jobs, later, ...jobs]);
  const dead = await world.submit({ type: "fail", maxAttempts: 1 });
  await world.untilStatus(dead, "FAILED");
  const { nextCursor } = await eventually(
    async () => {
      const page = await world.get<JobPage>("/jobs?limit=1");
      return page.nextCursor !== null && page;
    },
    { what: "a second page of jobs" },
  );
  const letters = await world.get<DeadLetterPage>("/dead-letters");
  return {
    jobIds: [...jobIds, dead],
    deadLetterIds: letters.items.map(({ id }) => id),
    cursors: [String(nextCursor)],
    jobs,
    types: [...JOB_TYPES.keys()],
  };
}

/**
 * Sends a request with an incomplete body. Resolves to how long the server kept the connection open, in milliseconds.
 */
async function halfSent(port: number, path: string): Promise<number> {
  const begun = performance.now();
  const socket: Socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"type":`,
  );
  const timer = setTimeout(() => socket.destroy(), HALF_SENT_MS);
  await new Promise((resolve) => socket.once("close", resolve));
  clearTimeout(timer);
  return performance.now() - begun;
}

/**
 * Starts the page's server in front of a running system (a world) and its terminal service. The caller must stop it.
 */
function startPage(world: World, terminals: number): Promise<ServiceProcess<"web-ui">> {
  return startService("web-ui", {
    PTY_URL: `ws://127.0.0.1:${terminals}/ws`,
    GATEWAY_URL: world.gateway(),
    READ_MODEL_URL: world.readModel(),
  });
}

async function sendAll(world: World, known: Known, requests: number, seed: number): Promise<string[]> {
  const terminals = await findFreePort();
  await world.start("web-pty", {
    PTY_WS_PORT: String(terminals),
    PTY_TUI_BINARY: '["sleep", "60"]',
    PTY_AUTH_TOKEN: "a-token-of-the-fuzzer",
  });
  const page = await startPage(world, terminals);
  const targets = allTargets();
  const random = createRandom(seed);
  const portOf = ({ service, port }: Target) =>
    port === "terminals"
      ? terminals
      : Number(new URL(port === "page" ? page.url : world.running[service].url).port);
  const faults: string[] = [];
  const byStatus = new Map<number, number>();
  let sent = 0;

  async function send(): Promise<void> {
    while (sent < requests && faults.length < MAX_FAULTS) {
      const number = sent++;
      // Take the routes in turn, so that each is covered. The seed decides everything else.
      const target = targets[number % targets.length];
      if (!target) throw new Error("there are no routes");
      const port = portOf(target);
      const request = makeRequest(target, port, known, random);
      const what = `request ${number} to the ${target.port === "page" ? "page" : target.service}, ${JSON.stringify(request.toString("latin1").slice(0, 600))}`;
      try {
        const reply = await exchange(port, request, REPLY_MS);
        byStatus.set(reply.status, (byStatus.get(reply.status) ?? 0) + 1);
        const fault = faultIn(target, reply);
        if (fault) faults.push(`${fault}; ${what}`);
      } catch (error) {
        faults.push(`${(error as Error).message}; ${what}`);
      }
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, send));
  if (page.hasEnded()) faults.push("the server of the page ended");
  await page.stop();
  say(
    `${sent} requests to ${targets.length} routes: ${[...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status}: ${count}`)
      .join(", ")}`,
  );
  return faults;
}

/** Returns the faults that the requests left behind: services that ended, logged errors and an unbalanced ledger. */
async function judge(world: World): Promise<string[]> {
  const faults: string[] = [];
  for (const service of [...Object.values(world.running)]) {
    if (service.hasEnded()) faults.push(`the ${service.name} ended`);
    const errors = service.lines.filter((line) => line.includes('"level":"error"'));
    faults.push(
      ...errors.slice(0, 5).map((line) => `the ${service.name} logged an error: ${line.slice(0, 600)}`),
    );
  }
  const ledger = await world.get<Ledger>("/ledger?settleMs=5000");
  if (!ledger.balanced) faults.push(`the ledger is not balanced: ${JSON.stringify(ledger).slice(0, 600)}`);
  return faults;
}

async function run(engines: EngineSetName, requests: number, seed: number): Promise<string[]> {
  const world = await createWorld({ engines });
  try {
    const known = await seedWorld(world);
    const slow = [
      halfSent(Number(new URL(world.gateway()).port), "/jobs"),
      halfSent(Number(new URL(world.gateway()).port), "/queues/sleep/resume"),
      halfSent(Number(new URL(world.readModel()).port), "/webhook/alerts"),
      halfSent(Number(new URL(world.running.processor.url).port), "/internal/jobs/actions"),
    ];
    const faults = await sendAll(world, known, requests, seed);
    for (const keptMs of await Promise.all(slow))
      if (keptMs > HALF_SENT_MS - 1_000) faults.push("a half-sent body kept its connection for 40 s");
    return [...faults, ...(await judge(world))];
  } finally {
    await world[Symbol.asyncDispose]();
  }
}

async function main(): Promise<number> {
  const { engines, requests, seed } = createCommandLine(
    "bun run test:fuzz",
    "Sends valid, nearly valid and hostile requests to every route of every service and of the page's server. Fails on a 5xx that is not a documented 503, a refusal that is not a valid problem, a missing reply or a logged error. The same seed makes the same requests in the same order.",
  )
    .addOption(
      new Option("--engines <set>", "engines that the system runs on")
        .choices(["embedded", "full"] as const)
        .default("embedded" as const),
    )
    .option("--requests <count>", "number of requests", wholeNumber(1, Number.MAX_SAFE_INTEGER), 10_000)
    .option("--seed <number>", "determines the requests", wholeNumber(0, Number.MAX_SAFE_INTEGER), 1)
    .parse()
    .opts();
  const reason = whyLeftOut(enginesOf(engines));
  if (reason) {
    console.error(`Engines are missing: ${reason}`);
    return 1;
  }
  say(`${requests} requests on ${engines} engines, seed ${seed}`);
  const faults = await run(engines, requests, seed).finally(stopTestEngines);
  for (const fault of faults.slice(0, MAX_FAULTS)) console.error(`FAULT ${fault}`);
  say(faults.length === 0 ? "no fault" : `${faults.length} faults; repeat with --seed ${seed}`);
  return faults.length === 0 ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(2);
}
