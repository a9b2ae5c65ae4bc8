import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findAlertmanager, startAlertmanager } from "../../tui/engines/alertmanager.ts";
import { findFreePort } from "../../tui/engines/port.ts";
import { findPrometheus, startPrometheus } from "../../tui/engines/prometheus.ts";
import { alertmanagerConfig } from "../../tui/launch/alertmanager-config.ts";
import { prometheusConfig } from "../../tui/launch/prometheus-config.ts";
import { type RuleFile, readRuleFiles } from "./rule-book.ts";
import type { World } from "./world.ts";

/** Returns why tests that need Prometheus and Alertmanager cannot run; undefined if they can. */
export const whyUnwatched = () =>
  findPrometheus() && findAlertmanager()
    ? undefined
    : "Prometheus or Alertmanager is not on the PATH; try: apt-get install prometheus prometheus-alertmanager";

/** Prometheus and Alertmanager, monitoring a world (the system that a test runs). */
export type Watchers = Awaited<ReturnType<typeof watchWorld>>;

/**
 * Starts Prometheus and Alertmanager for a world, and restarts its read-model with their URLs. Prometheus evaluates a
 * copy of the real rules every second, with the `for` duration of each rule divided by 12: one minute becomes five
 * seconds.
 */
export async function watchWorld(world: World) {
  const root = mkdtempSync(join(tmpdir(), "observatory-watchers-"));
  const folder = (name: string) => {
    mkdirSync(join(root, name), { recursive: true });
    return join(root, name);
  };
  const undo: (() => Promise<void>)[] = [async () => rmSync(root, { recursive: true, force: true })];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const token = crypto.randomUUID();
    const tokenFile = join(root, "token");
    writeFileSync(tokenFile, token);
    const alertmanagerPort = await findFreePort();
    const prometheusPort = await findFreePort();

    const port = new URL(world.readModel()).port;
    await world.running["read-model"].stop();
    await world.start("read-model", {
      PORT: port,
      ALERTMANAGER_URL: `http://127.0.0.1:${alertmanagerPort}`,
      PROMETHEUS_URL: `http://127.0.0.1:${prometheusPort}`,
      ALERT_WEBHOOK_TOKEN: token,
    });

    const alertmanagerFile = join(root, "alertmanager.yml");
    writeFileSync(alertmanagerFile, alertmanagerConfig(world.readModel(), tokenFile));
    const alertmanager = await startAlertmanager({
      dataDir: folder("alertmanager"),
      port: alertmanagerPort,
      configFile: alertmanagerFile,
    });
    undo.push(alertmanager.stop);

    for (const [name, file] of Object.entries(readRuleFiles()))
      writeFileSync(join(folder("rules"), name), JSON.stringify(quicker(file)));
    const prometheusFile = join(root, "prometheus.yml");
    writeFileSync(
      prometheusFile,
      prometheusConfig({
        targets: { ...targetsOf(world), alertmanager: [`127.0.0.1:${alertmanagerPort}`] },
        readModel: world.readModel(),
        ruleFiles: join(root, "rules/*.yml"),
        everySeconds: 1,
      }),
    );
    const prometheus = await startPrometheus({
      dataDir: folder("prometheus"),
      port: prometheusPort,
      configFile: prometheusFile,
    });
    undo.push(prometheus.stop);

    return {
      alertmanager,
      stop,
      /** Queries Prometheus's HTTP API and returns the reply's `data`. */
      async ask<T>(path: string): Promise<T> {
        const response = await fetch(`${prometheus.url}/api/v1/${path}`);
        const { status, data, error } = (await response.json()) as {
          status: string;
          data: T;
          error?: string;
        };
        if (status !== "success") throw new Error(`Prometheus answered ${path} with ${error}`);
        return data;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function targetsOf(world: World): Record<string, string[]> {
  const host = (url: string) => new URL(url).host;
  const { gateway, "metrics-engine": metricsEngine, "read-model": readModel } = world.running;
  const targets = {
    gateway: [host(gateway.url)],
    processor: world.workers.map(({ url }) => host(url)),
    "metrics-engine": [host(metricsEngine.url)],
    "read-model": [host(readModel.url)],
  };
  if (world.set !== "full") return targets;
  const { metricsPort } = world.engine("rabbitmq") as { metricsPort?: number };
  return { ...targets, rabbitmq: [`127.0.0.1:${metricsPort}`] };
}

function quicker({ groups }: RuleFile): RuleFile {
  return {
    groups: groups.map((group) => ({
      ...group,
      rules: group.rules.map(({ for: wait, ...rule }) =>
        wait === undefined ? rule : { ...rule, for: `${Math.ceil(secondsOf(wait) / 12)}s` },
      ),
    })),
  };
}

function secondsOf(duration: string): number {
  const [, count, unit] = /^(\d+)(s|m|h)$/.exec(duration) ?? [];
  if (!unit) throw new Error(`${duration} is not a number of seconds, minutes or hours`);
  return Number(count) * { s: 1, m: 60, h: 3_600 }[unit as "s" | "m" | "h"];
}
