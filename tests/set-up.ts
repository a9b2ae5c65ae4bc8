import { existsSync, readFileSync } from "node:fs";
import { findAlertmanager } from "../tui/engines/alertmanager.ts";
import type { EngineName } from "../tui/engines/engine.ts";
import { ferretdbBinary } from "../tui/engines/ferretdb.ts";
import { type MissingEngine, missingEngines } from "../tui/engines/missing.ts";
import { findPrometheus } from "../tui/engines/prometheus.ts";
import { PROGRAMS, type Program } from "./support/programs.ts";

const PACKAGES: Partial<Record<EngineName, string>> = {
  rabbitmq: "rabbitmq-server",
  redis: "redis-server",
  postgres: "postgresql",
};

/**
 * Installs the engines and programs that the chosen tests need, but only as root on Debian in CI, where no confirmation
 * is required. Returns the engines that are still missing.
 */
export async function setUpEngines(
  names: readonly EngineName[],
  say: (line: string) => void,
  programs: readonly Program[] = [],
): Promise<MissingEngine[]> {
  const wanted = [
    ...missingEngines([...names]).flatMap(({ engine }) => PACKAGES[engine] ?? []),
    // Without Prometheus and Alertmanager the alert tests would be skipped, which CI counts as failures.
    ...(names.length > 0 && !findPrometheus() ? ["prometheus"] : []),
    ...(names.length > 0 && !findAlertmanager() ? ["prometheus-alertmanager"] : []),
    ...programs.filter((program) => !PROGRAMS[program].find()),
  ];
  if (wanted.length > 0 && mayInstall()) {
    say(`Installing ${wanted.join(", ")} with apt`);
    const script = `apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${wanted.join(" ")}`;
    const apt = Bun.spawnSync(["sh", "-c", script], { stdout: "pipe", stderr: "pipe" });
    if (!apt.success) say(`apt failed: ${apt.stderr.toString().trim().split("\n").slice(-3).join(" / ")}`);
  }
  const missing = missingEngines([...names]);
  const isMongoHere = names.includes("mongo") && !missing.some(({ engine }) => engine === "mongo");
  if (isMongoHere && !Bun.which("mongod")) await ferretdbBinary({ onProgress: say });
  return missing;
}

function mayInstall(): boolean {
  const isDebian =
    existsSync("/etc/os-release") && /^ID(_LIKE)?=.*debian/m.test(readFileSync("/etc/os-release", "utf8"));
  return isDebian && process.getuid?.() === 0 && Boolean(process.env.CI);
}
