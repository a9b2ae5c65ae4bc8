import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../shared/errors.ts";
import type { Lifecycle } from "../../shared/process-lifecycle.ts";
import { startAlertmanager } from "../engines/alertmanager.ts";
import type { Engine, EngineOptions } from "../engines/engine.ts";
import { startPrometheus } from "../engines/prometheus.ts";
import { alertmanagerConfig } from "./alertmanager-config.ts";
import type { ObserverName, ObserverPlan } from "./plan-observers.ts";
import { type ServicePlan, urlOf } from "./plan-services.ts";
import { revive } from "./private-engines.ts";
import { prometheusConfig } from "./prometheus-config.ts";

export interface RunObserversOptions {
  readonly plan: ObserverPlan;
  readonly services: readonly ServicePlan[];
  /** The host and port of RabbitMQ's metrics, if this run started RabbitMQ. */
  readonly brokerMetrics: string | undefined;
  /** The parent folder of the data folders of Prometheus and Alertmanager. */
  readonly root: string;
  readonly life: Pick<Lifecycle, "defer">;
  readonly signal: AbortSignal;
  onProgress(line: string): void;
  /** Registers a function that a second Ctrl-C calls. */
  onKill(kill: () => Promise<void>): void;
}

/**
 * Starts the planned observers (Prometheus, Alertmanager) without waiting for them. If one cannot start, reports why
 * and continues without it.
 */
export function runObservers(options: RunObserversOptions): void {
  const { plan, root, life, signal, onProgress } = options;
  const running = new Set<Engine<ObserverName>>();
  const revivals = new Set<Promise<void>>();

  async function run(
    name: ObserverName,
    start: (options: EngineOptions & { configFile: string }) => Promise<Engine<ObserverName>>,
    configOf: (dataDir: string) => string,
  ): Promise<void> {
    const port = plan.ports[name];
    if (port === undefined) return;
    const startedAt = performance.now();
    const dataDir = join(root, name);
    const configFile = join(dataDir, `${name}.yml`);
    try {
      mkdirSync(dataDir, { recursive: true });
      writeFileSync(configFile, configOf(dataDir), { mode: 0o600 });
      const engine: Engine<ObserverName> = await start({
        dataDir,
        port,
        configFile,
        signal,
        onCrash(end) {
          const revival = revive(engine, end, { signal, onProgress }).finally(() => revivals.delete(revival));
          revivals.add(revival);
        },
      });
      running.add(engine);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      onProgress(`${engine.product} on 127.0.0.1:${port}, ready in ${seconds} s`);
    } catch (error) {
      if (!signal.aborted) onProgress(`${messageOf(error)}\n  The observatory continues without ${name}`);
    }
  }

  const starting = Promise.all([
    run("alertmanager", startAlertmanager, (dataDir) => {
      const tokenFile = join(dataDir, "webhook-token");
      writeFileSync(tokenFile, plan.env.ALERT_WEBHOOK_TOKEN ?? "", { mode: 0o600 });
      return alertmanagerConfig(urlOf(options.services, "read-model"), tokenFile);
    }),
    run("prometheus", startPrometheus, () =>
      prometheusConfig({ targets: targetsOf(options), readModel: urlOf(options.services, "read-model") }),
    ),
  ]);
  life.defer("observers", async () => {
    await starting;
    await Promise.all(revivals);
    await Promise.all([...running].map((engine) => engine.stop()));
  });
  options.onKill(async () => {
    await Promise.all([...running].map((engine) => engine.kill()));
  });
}

function targetsOf({ plan, services, brokerMetrics }: RunObserversOptions): Record<string, string[]> {
  const targets: Record<string, string[]> = {};
  // In a local run, the page's server replaces nginx and, like nginx, exports no metrics.
  for (const { service, url } of services)
    if (service !== "web-ui") targets[service] = [...(targets[service] ?? []), new URL(url).host];
  for (const [name, port] of Object.entries(plan.ports)) targets[name] = [`127.0.0.1:${port}`];
  if (brokerMetrics) targets.rabbitmq = [brokerMetrics];
  return targets;
}
