import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Engine, EngineOptions } from "./engine.ts";
import { findProgram } from "./locate.ts";
import { lowPriority } from "./low-priority.ts";
import { findFreePort } from "./port.ts";
import { isReady, versionOf } from "./prometheus.ts";
import { runEngine } from "./run-engine.ts";

export interface AlertmanagerOptions extends EngineOptions {
  /** The path of the `alertmanager.yml`. */
  configFile: string;
}

/** Returns the path of Alertmanager, which Debian installs under another name; undefined if it is not installed. */
export function findAlertmanager(): string | undefined {
  return findProgram("alertmanager") ?? findProgram("prometheus-alertmanager");
}

/** Starts a private Alertmanager without cluster peers. */
export async function startAlertmanager({
  configFile,
  ...options
}: AlertmanagerOptions): Promise<Engine<"alertmanager">> {
  const program = findAlertmanager();
  if (!program) throw new Error("Could not start Alertmanager: no alertmanager on the PATH");
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const port = options.port ?? (await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const flags = [
    `--config.file=${resolve(configFile)}`,
    `--storage.path=${join(dataDir, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    `--web.external-url=${url}`,
    "--cluster.listen-address=",
    "--log.level=warn",
  ];

  return await runEngine(
    {
      name: "alertmanager",
      product: `Alertmanager ${await versionOf(program)}`,
      url,
      port,
      command: lowPriority([program, ...flags]),
      stopSignal: "SIGTERM",
      startMs: 30_000,
      stopMs: 10_000,
      answers: () => isReady(url),
    },
    { ...options, dataDir },
  );
}
