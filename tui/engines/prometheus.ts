import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { findProgram } from "./locate.ts";
import { lowPriority } from "./low-priority.ts";
import { findFreePort } from "./port.ts";
import { runEngine } from "./run-engine.ts";

export interface PrometheusOptions extends EngineOptions {
  /** The path of the `prometheus.yml`. Paths in that file are relative to its folder. */
  configFile: string;
}

/** Returns the path of Prometheus; undefined if it is not installed. */
export function findPrometheus(): string | undefined {
  return findProgram("prometheus");
}

/** Starts a private Prometheus that keeps at most a day and 200 MB of data. */
export async function startPrometheus({
  configFile,
  ...options
}: PrometheusOptions): Promise<Engine<"prometheus">> {
  const program = findPrometheus();
  if (!program) throw new Error("Could not start Prometheus: no prometheus on the PATH");
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const port = options.port ?? (await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const flags = [
    `--config.file=${resolve(configFile)}`,
    `--storage.tsdb.path=${join(dataDir, "data")}`,
    "--storage.tsdb.retention.time=1d",
    "--storage.tsdb.retention.size=200MB",
    `--web.listen-address=127.0.0.1:${port}`,
    // Without this flag, the links in alerts would contain the machine's host name.
    `--web.external-url=${url}`,
    "--log.level=warn",
  ];

  return await runEngine(
    {
      name: "prometheus",
      product: `Prometheus ${await versionOf(program)}`,
      url,
      port,
      // Monitoring must not slow down the system that it monitors.
      command: lowPriority([program, ...flags]),
      stopSignal: "SIGTERM",
      startMs: 30_000,
      stopMs: 10_000,
      answers: () => isReady(url),
    },
    { ...options, dataDir },
  );
}

/** Returns the version that Prometheus or Alertmanager prints. */
export async function versionOf(program: string): Promise<string> {
  const text = await runTool([program, "--version"]);
  return /version (\d[\d.]*\d)/.exec(text)?.[1] ?? "(unknown version)";
}

/** Whether Prometheus or Alertmanager has loaded its data and answers requests. */
export async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false; // Nothing answers yet.
  }
}
