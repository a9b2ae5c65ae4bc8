import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ServiceEntry } from "../../contracts/service-schema.ts";
import { SERVICE_CATALOG } from "../../contracts/services.ts";
import {
  type ComposeService,
  compose,
  memory,
  PROJECT,
  seconds,
  withDefaults,
} from "../../kind/source/compose-file.ts";
import { generated } from "../../kind/source/generate.ts";
import { envFile, manifests, objectOf, type Workload, workloads } from "./manifests.ts";

const { services } = SERVICE_CATALOG;

/** The permitted differences from Compose, with reasons. Any other difference is a bug. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  "alertmanager command":
    "its webhook token is a Secret; under Compose, Alertmanager creates the token at its first start",
  "rabbitmq liveness":
    "Compose's command would start an Erlang VM for each probe; a connection attempt is enough to distinguish a dead broker from a slow one",
  "postgres liveness": "a restart does not help a slow engine and loses its work",
  "mongodb liveness": "a restart does not help a slow engine and loses its work",
  "redis liveness": "a restart does not help a slow engine and loses its work",
};
const used = new Set<string>();
const differs = (what: string) => {
  if (what in DIFFERENCES) used.add(what);
  return what in DIFFERENCES;
};

const read = (path: string) => readFileSync(join(PROJECT, path), "utf8");
const envs = {
  settings: envFile("base/settings.env"),
  "engine-urls": envFile("overlays/local/engine-urls.env"),
  logins: envFile("overlays/local/logins.env"),
};

/** Returns a container's variables with their values in the overlay `local`. */
function environmentOf({ spec }: Workload): Record<string, string> {
  const { env = [] } = spec.template.spec.containers[0];
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      const from = valueFrom?.secretKeyRef ?? valueFrom?.configMapKeyRef;
      if (!from) return [name, value ?? ""];
      const found = envs[from.name as keyof typeof envs]?.get(from.key);
      if (found === undefined) throw new Error(`${from.name} has no ${from.key}`);
      return [name, found];
    }),
  );
}

test("the manifests match those generated from compose.yaml and the catalog", () => {
  const stale = [...generated()].filter(([path, text]) => read(join("kind", path)) !== text);
  expect(stale.map(([path]) => `${path} is stale: bun run kind:generate`)).toEqual([]);
});

test("kind runs exactly the services that Compose runs", () => {
  expect(workloads.map(({ metadata }) => metadata.name).sort()).toEqual(
    services.map(({ name }) => name).sort(),
  );
  const { resources } = Bun.YAML.parse(read("kind/base/kustomization.yaml")) as { resources: string[] };
  expect(services.filter(({ name }) => !resources.includes(name))).toEqual([]);
});

describe.each(services.map((entry) => [entry.name, entry] as const))(
  "%s in kind",
  (name, entry: ServiceEntry) => {
    const service = compose.services[name] as ComposeService;
    const workload = workloads.find(({ metadata }) => metadata.name === name) as Workload;
    const pod = workload.spec.template.spec;
    const [container] = pod.containers;

    test("has Compose's image, ports, variables and command", () => {
      expect(container.image).toBe(withDefaults(service.image));
      expect(container.ports.map(({ containerPort }) => containerPort)).toEqual(
        entry.ports.map(({ port }) => port),
      );
      const environment = Object.entries(service.environment ?? {});
      expect(environmentOf(workload)).toEqual(
        Object.fromEntries(environment.map(([key, raw]) => [key, withDefaults(raw)])),
      );
      const words = (list?: readonly string[]) =>
        list?.map((word) =>
          withDefaults(word.replace(/^\$\((\w+)\)$/, (_, key) => environmentOf(workload)[key] ?? "")),
        );
      expect(words(container.args)).toEqual(words(service.command));
      if (!differs(`${name} command`)) expect(words(container.command)).toEqual(words(service.entrypoint));
    });

    test("has Compose's limits and stop timeout", () => {
      const { cpu, memory: bytes } = container.resources.limits;
      expect(Number(cpu.replace("m", ""))).toBe(1_000 * Number(withDefaults(service.cpus)));
      const mebibytes = (text: string) => Number.parseInt(text, 10) * (text.endsWith("Gi") ? 1_024 : 1);
      expect(mebibytes(bytes)).toBe(mebibytes(memory(service.mem_limit)));
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
        seconds(service.stop_grace_period ?? "10s"),
      );
      expect(container.securityContext.readOnlyRootFilesystem).toBe(service.read_only === true);
    });

    test("has Compose's health checks", () => {
      const { startupProbe, readinessProbe, livenessProbe } = container;
      const { test: check, timeout } = service.healthcheck ?? { test: [], timeout: "5s" };
      expect(readinessProbe.timeoutSeconds).toBe(seconds(timeout));
      if (entry.health) {
        expect(readinessProbe.httpGet?.path).toBe(entry.health.path);
        // A service that waits for its engines counts as alive.
        const alive = entry.role === "service" ? "/healthz" : entry.health.path;
        expect([startupProbe.httpGet?.path, livenessProbe.httpGet?.path]).toEqual([alive, alive]);
        return;
      }
      const [kind, ...command] = check.map((word) => word.replaceAll("$$", "$"));
      const wanted = kind === "CMD-SHELL" ? ["/bin/sh", "-c", ...command] : command;
      expect(readinessProbe.exec?.command ?? []).toEqual(wanted);
      if (wanted.length > 0 && !differs(`${name} liveness`))
        expect(livenessProbe.exec?.command).toEqual(wanted);
    });

    test("is reachable at the same local port as under Compose", () => {
      const { nodes } = Bun.YAML.parse(read("kind/cluster.yaml")) as {
        nodes: { extraPortMappings?: { containerPort: number; hostPort: number; listenAddress: string }[] }[];
      };
      const mappings = nodes.flatMap(({ extraPortMappings = [] }) => extraPortMappings);
      expect(mappings.every(({ listenAddress }) => listenAddress === "127.0.0.1")).toBe(true);
      const outside = objectOf("Service", `${name}-outside`)?.spec as
        | { ports: { port: number; nodePort: number }[] }
        | undefined;
      const reached = (outside?.ports ?? []).map(({ port, nodePort }) => [
        port,
        mappings.find(({ containerPort }) => containerPort === nodePort)?.hostPort,
      ]);
      const wanted = entry.ports.flatMap(({ port, published }) =>
        published ? [[port, published.port]] : [],
      );
      expect(reached).toEqual(wanted);
    });
  },
);

test("every file that Compose mounts is in a ConfigMap made from the original file", () => {
  const { configMapGenerator } = Bun.YAML.parse(read("compose/kustomization.yaml")) as {
    configMapGenerator: { files: string[] }[];
  };
  const shared = configMapGenerator
    .flatMap(({ files }) => files.map((file) => file.replace(/^.*=/, "")))
    .sort();
  const inFolder = (folder: string) =>
    readdirSync(join(PROJECT, "compose", folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.\w+$/.test(name) && !name.includes(".gitkeep"))
      .map((name) => join(folder, name));
  const bound = Object.values(compose.services)
    .flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(":")[0] ?? ""))
    .filter((source) => source.startsWith("./"))
    .map((source) => source.slice(2));
  const isFolder = (path: string) => statSync(join(PROJECT, "compose", path)).isDirectory();
  // kind has its own prometheus.yml, because there Prometheus discovers its targets through the Kubernetes API.
  const wanted = bound
    .map((path) => (path === "prometheus" ? "prometheus/rules" : path))
    .flatMap((path) => (isFolder(path) ? inFolder(path) : [path]));
  expect(shared).toEqual([...new Set(wanted)].sort());
});

test("Prometheus scrapes the same targets as under Compose and loads all rules", () => {
  type Config = {
    scrape_configs: { job_name: string; metrics_path?: string }[];
    rule_files: string[];
    global: object;
  };
  const ours = Bun.YAML.parse(read("kind/base/prometheus/prometheus.yml")) as Config;
  const theirs = Bun.YAML.parse(read("compose/prometheus/prometheus.yml")) as Config;
  const jobs = ({ scrape_configs }: Config) =>
    scrape_configs.map(({ job_name, metrics_path }) => [job_name, metrics_path]);
  expect(jobs(ours)).toEqual(jobs(theirs));
  expect([ours.rule_files, ours.global]).toEqual([theirs.rule_files, theirs.global]);
  const mounted = JSON.stringify(objectOf("StatefulSet", "prometheus"));
  for (const rule of readdirSync(join(PROJECT, "compose/prometheus/rules")))
    expect(mounted).toContain(`rules/${rule}`);
  expect(objectOf("Role", "prometheus")).toMatchObject({
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
  });
});

test("nginx differs from Compose only in its name server and fully qualified service names", () => {
  const lines = (path: string) => read(path).split("\n");
  const theirs = new Set(lines("compose/nginx/observatory.conf"));
  const other = lines("kind/base/web-ui/default.conf").filter(
    (line) => !theirs.has(line) && !line.trim().startsWith("#"),
  );
  expect(other.map((line) => line.trim())).toEqual([
    "resolver kube-dns.kube-system.svc.cluster.local valid=5s ipv6=off;",
    ...["gateway:3000", "read-model:8080", "web-pty:9000"].map((at) => {
      const [name = "", port] = at.split(":");
      return `set $${name.replace("-", "_")} http://${name}.task-observatory.svc.cluster.local:${port};`;
    }),
  ]);
});

test("every Compose volume is a PersistentVolumeClaim", () => {
  const claims = manifests.flatMap(
    ({ spec }) => (spec?.volumeClaimTemplates as { metadata: { name: string } }[] | undefined) ?? [],
  );
  expect(claims.map(({ metadata }) => metadata.name).sort()).toEqual(Object.keys(compose.volumes).sort());
});

test("every permitted difference still exists", () => {
  expect(Object.keys(DIFFERENCES).filter((what) => !used.has(what))).toEqual([]);
});
