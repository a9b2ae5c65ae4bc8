import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SERVICE_CATALOGUE } from "../../contracts/services.ts";
import { autoscalers } from "./autoscale.ts";
import { compose, PROJECT, withDefaults } from "./compose-file.ts";
import { engineUrls, logins, settings } from "./environment.ts";
import { defaultPolicies, publishedPolicies } from "./network.ts";
import { nginxConfig } from "./page.ts";
import { clusterConfig, objectsOf, outsideServices } from "./parts.ts";
import { prometheusConfig } from "./prometheus.ts";

const KIND = join(PROJECT, "kind");
const HEAD = "# Written by `bun run kind:generate`; kind/source says how.\n";

/** Copies through JSON first, so shared objects do not become anchors. */
const yaml = (...documents: readonly object[]) =>
  HEAD +
  documents.map((one) => `${Bun.YAML.stringify(JSON.parse(JSON.stringify(one)), null, 2)}\n`).join("---\n");

const env = (text: string) => HEAD + text;

/** Every file that follows from compose.yaml and the catalogue, by its path in kind/. */
export function generated(): Map<string, string> {
  return new Map([
    ["cluster.yaml", yaml(clusterConfig())],
    ["base/settings.env", env(settings())],
    ["base/namespace/network-policies.yaml", yaml(...defaultPolicies())],
    ...SERVICE_CATALOGUE.services.map(
      (entry) => [`base/${entry.name}/${entry.name}.yaml`, yaml(...objectsOf(entry))] as const,
    ),
    ["base/prometheus/prometheus.yml", yaml(prometheusConfig())],
    ["base/web-ui/default.conf", HEAD + nginxConfig()],
    ["base/pgadmin/servers.json", withDefaults(compose.configs["pgadmin-servers"]?.content)],
    ["components/autoscale-cpu/autoscalers.yaml", yaml(...autoscalers())],
    ["overlays/local/published.yaml", yaml(...outsideServices(), ...publishedPolicies())],
    ["overlays/local/engine-urls.env", env(engineUrls())],
    ["overlays/local/logins.env", env(logins())],
    ["overlays/local/pgpass", withDefaults(compose.configs["pgadmin-pgpass"]?.content)],
  ]);
}

if (import.meta.main)
  for (const [path, text] of generated()) {
    const file = join(KIND, path);
    mkdirSync(dirname(file), { recursive: true });
    rmSync(file, { force: true });
    writeFileSync(file, text);
  }
