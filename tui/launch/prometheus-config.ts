import { readFileSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";

const FOLDER = join(import.meta.dir, "../../compose/prometheus");

/** The project's rule files, as a glob for Prometheus. */
export const RULE_FILES = join(FOLDER, "rules/*.yml");

/** The part of `prometheus.yml` that this module reads. */
interface ComposeConfig {
  readonly alerting: { readonly alert_relabel_configs: readonly unknown[] };
  readonly scrape_configs: readonly ScrapeConfig[];
}
interface ScrapeConfig {
  readonly job_name: string;
  readonly honor_labels?: boolean;
  readonly metrics_path?: string;
}

export interface PrometheusPlace {
  /**
   * The targets (host:port) of each scrape job, by its name in compose/prometheus/prometheus.yml. A scrape job without
   * targets is left out.
   */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  /** The base URL of the read-model, which serves the runbooks. */
  readonly readModel: string;
  /** Default: the project's rule files. */
  readonly ruleFiles?: string;
  /** The seconds between scrapes, and between rule evaluations; 5 by default. */
  readonly everySeconds?: number;
}

/**
 * Returns the configuration of a local Prometheus: Compose's jobs and rules with local addresses. The text is JSON,
 * which is valid YAML.
 */
export function prometheusConfig({
  targets,
  readModel,
  ruleFiles: rules = RULE_FILES,
  everySeconds = 5,
}: PrometheusPlace): string {
  const compose = YAML.parse(readFileSync(join(FOLDER, "prometheus.yml"), "utf8")) as ComposeConfig;
  const interval = `${everySeconds}s`;
  const unknown = Object.keys(targets).filter(
    (name) => !compose.scrape_configs.some((job) => job.job_name === name),
  );
  if (unknown.length > 0)
    throw new Error(`compose/prometheus/prometheus.yml has no scrape job ${unknown.join(", ")}`);
  const config = {
    global: {
      scrape_interval: interval,
      scrape_timeout: interval,
      evaluation_interval: interval,
      external_labels: { runbooks: `${readModel}/runbooks` },
    },
    rule_files: [rules],
    alerting: {
      alert_relabel_configs: compose.alerting.alert_relabel_configs,
      alertmanagers: [{ static_configs: [{ targets: targets.alertmanager ?? [] }] }],
    },
    scrape_configs: compose.scrape_configs.flatMap(({ job_name, honor_labels, metrics_path }) => {
      const addresses = targets[job_name] ?? [];
      if (addresses.length === 0) return [];
      // Only our services' jobs set `honor_labels`. They also need a `service` label here, because a service that is
      // down cannot label its `up` series.
      const labels = honor_labels ? { service: job_name } : {};
      return [{ job_name, honor_labels, metrics_path, static_configs: [{ targets: addresses, labels }] }];
    }),
  };
  return JSON.stringify(config, null, 2);
}
