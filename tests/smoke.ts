import { existsSync } from "node:fs";
import { join } from "node:path";
import { createCommandLine } from "../shared/command-line.ts";
import { readState, STATE_FILE_NAME } from "../shared/dev-state.ts";
import { proofPaths, type SmokeTargets } from "./smoke/proof-paths.ts";
import { createRecorder } from "./smoke/recorder.ts";

const PROJECT_DIR = join(import.meta.dir, "..");
const BUDGET_MS = 60_000;

async function main(args: string[]): Promise<number> {
  const targets = parseTargets(args);
  const startedAt = performance.now();
  const recorder = createRecorder({
    folder: join(PROJECT_DIR, "artifacts/smoke", new Date().toISOString().replaceAll(":", "-")),
    signal: AbortSignal.timeout(BUDGET_MS),
  });
  let failure: unknown;
  try {
    await recorder.knock(targets);
    for (const { name, prove } of proofPaths(targets)) {
      const pathStartedAt = performance.now();
      const proof = await recorder.path(name, prove);
      console.log(`✓ ${name}: ${proof} (${Math.round(performance.now() - pathStartedAt)} ms)`);
    }
  } catch (error) {
    failure = error;
    console.error(`✗ ${error instanceof Error ? error.message : error}`);
  }
  const durationMs = Math.round(performance.now() - startedAt);
  recorder.summarize({ targets, ok: failure === undefined, durationMs });
  const end = failure === undefined ? "All four checks passed" : "Failed";
  console.log(`${end} in ${(durationMs / 1_000).toFixed(1)} s; replies are in ${recorder.folder}`);
  return failure === undefined ? 0 : 1;
}

function parseTargets(args: string[]): SmokeTargets {
  const values = createCommandLine(
    "bun run smoke",
    "Sends one job through a running system and proves four things: it is accepted, its events carry its id, it is COMPLETED, and the metrics count it. Takes a second or two, at most a minute. Every reply is kept under artifacts/smoke/.",
  )
    .option("--gateway <url>", "default: the gateway of `bun run dev`, else http://127.0.0.1:3000")
    .option("--read-model <url>", "default: the read-model of `bun run dev`, else http://127.0.0.1:8080")
    .option("--metrics <url>", "default: the metrics-engine of `bun run dev`, else http://127.0.0.1:3003")
    .parse(args, { from: "user" })
    .opts();
  const path = join(PROJECT_DIR, ".observatory", STATE_FILE_NAME);
  const services = existsSync(path) ? readState(path)?.services : undefined;
  return {
    gateway: baseUrl("--gateway", values.gateway ?? services?.gateway ?? "http://127.0.0.1:3000"),
    readModel: baseUrl(
      "--read-model",
      values.readModel ?? services?.["read-model"] ?? "http://127.0.0.1:8080",
    ),
    metrics: baseUrl("--metrics", values.metrics ?? services?.["metrics-engine"] ?? "http://127.0.0.1:3003"),
  };
}

function baseUrl(option: string, url: string): string {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
    throw new Error(`${option} is ${JSON.stringify(url)}, expected a URL such as http://127.0.0.1:3000`);
  return url.replace(/\/+$/, "");
}

// Exit explicitly, because idle keep-alive connections would keep the process running for a while.
try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
