import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./compose-file.ts";

interface StaticConfig {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

interface ScrapeConfig {
  readonly job_name: string;
  readonly honor_labels?: boolean;
  readonly metrics_path?: string;
  readonly static_configs?: readonly StaticConfig[];
  readonly dns_sd_configs?: readonly { readonly names: readonly string[]; readonly port: number }[];
}

const FILE = join(PROJECT, "compose/prometheus/prometheus.yml");
const parsed = Bun.YAML.parse(readFileSync(FILE, "utf8")) as {
  readonly scrape_configs: readonly ScrapeConfig[];
};

/** Returns the part and port that a Compose scrape job targets. */
function targetOf({ job_name, static_configs, dns_sd_configs }: ScrapeConfig): readonly [string, number] {
  const [dns] = dns_sd_configs ?? [];
  if (dns?.names[0]) return [dns.names[0], dns.port];
  const [name, port] = static_configs?.[0]?.targets[0]?.split(":") ?? [];
  if (!name || !port) throw new Error(`The job ${job_name} of ${FILE} has no target in a known form`);
  return [name, Number(port)];
}

const POD = "__meta_kubernetes_pod";

/** Converts a Compose scrape job to one that finds its pods through the Kubernetes API. */
function inCluster(job: ScrapeConfig): object {
  const { static_configs, dns_sd_configs: _, ...rest } = job;
  const [name, port] = targetOf(job);
  // In a cluster, as under Compose, Prometheus scrapes itself at localhost.
  if (name === "localhost") return job;
  const isOurs = job.honor_labels === true;
  return {
    ...rest,
    kubernetes_sd_configs: [{ role: "pod", namespaces: { own_namespace: true } }],
    relabel_configs: [
      {
        source_labels: [
          `${POD}_label_app_kubernetes_io_name`,
          `${POD}_container_port_number`,
          `${POD}_phase`,
        ],
        regex: `${name};${port};(Pending|Running)`,
        action: "keep",
      },
      // Skips pods that have no IP address yet.
      { source_labels: [`${POD}_ip`], regex: ".+", action: "keep" },
      { source_labels: [`${POD}_name`], replacement: `$1:${port}`, target_label: "instance" },
      ...(isOurs
        ? [{ target_label: "service", replacement: static_configs?.[0]?.labels?.service ?? name }]
        : []),
    ],
  };
}

/** Returns the parts and ports that Prometheus scrapes. */
export const scrapedPorts = () =>
  parsed.scrape_configs.map(targetOf).filter(([name]) => name !== "localhost");

/** Returns Compose's prometheus.yml, changed to find its targets through the Kubernetes API. */
export const prometheusConfig = () => ({
  ...parsed,
  scrape_configs: parsed.scrape_configs.map(inCluster),
});

/** Returns the objects that allow Prometheus to list its namespace's pods and nothing else. */
export const prometheusAccess = () => [
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "prometheus" } },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "prometheus" },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "prometheus" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "prometheus" },
    subjects: [{ kind: "ServiceAccount", name: "prometheus" }],
  },
];
