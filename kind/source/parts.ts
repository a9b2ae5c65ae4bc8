import type { ServiceEntry } from "../../contracts/service-schema.ts";
import { SERVICE_CATALOG } from "../../contracts/services.ts";
import { type ComposeService, compose } from "./compose-file.ts";
import { CLUSTER, labelsOf, nodePortOf, portName, selectorOf } from "./names.ts";
import { networkPolicyOf } from "./network.ts";
import { prometheusAccess } from "./prometheus.ts";
import { workloadOf } from "./workload.ts";

/**
 * The part whose name resolves to the addresses of all its pods instead of one shared address, because clients call its
 * pods directly.
 */
const HEADLESS = "processor";

const portsOf = (entry: ServiceEntry) =>
  entry.ports.map(({ port }) => ({ name: portName(port), port, targetPort: portName(port) }));

const serviceOf = (entry: ServiceEntry) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: entry.name, labels: labelsOf(entry) },
  spec: {
    ...(entry.name === HEADLESS && { clusterIP: "None" }),
    selector: selectorOf(entry.name),
    ports: portsOf(entry),
  },
});

/**
 * Allows evicting one pod of a part at a time, even its only pod: until the pod is replaced, its callers wait, and
 * nothing is lost.
 */
const budgetOf = ({ name, role }: ServiceEntry) => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name, labels: labelsOf({ name, role }) },
  spec: {
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: { matchLabels: selectorOf(name) },
  },
});

/** Returns all Kubernetes objects of a part. */
export function objectsOf(entry: ServiceEntry): object[] {
  const service = compose.services[entry.name] as ComposeService;
  return [
    workloadOf(entry, service),
    serviceOf(entry),
    budgetOf(entry),
    networkPolicyOf(entry),
    ...(entry.name === "prometheus" ? prometheusAccess() : []),
  ];
}

const published = SERVICE_CATALOG.services.flatMap((entry) =>
  entry.ports.flatMap(({ port, published: at }) => (at ? [{ entry, port, outside: at.port }] : [])),
);

/** Returns the Services behind the ports that cluster.yaml maps to this machine. */
export const outsideServices = () =>
  SERVICE_CATALOG.services
    .filter(({ name }) => published.some(({ entry }) => entry.name === name))
    .map((entry) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: `${entry.name}-outside`, labels: labelsOf(entry) },
      spec: {
        type: "NodePort",
        selector: selectorOf(entry.name),
        ports: published
          .filter((one) => one.entry === entry)
          .map(({ port, outside }) => ({
            name: portName(port),
            port,
            targetPort: portName(port),
            nodePort: nodePortOf(outside),
          })),
      },
    }));

/** Returns cluster.yaml: three nodes, with Compose's published ports on this machine's loopback address. */
export function clusterConfig() {
  const mappings = published.map(({ outside }) => ({
    containerPort: nodePortOf(outside),
    hostPort: outside,
    listenAddress: "127.0.0.1",
  }));
  if (new Set(mappings.map(({ containerPort }) => containerPort)).size < mappings.length)
    throw new Error("Two published ports share a node port: change nodePortOf in kind/source/names.ts");
  return {
    kind: "Cluster",
    apiVersion: "kind.x-k8s.io/v1alpha4",
    name: CLUSTER,
    nodes: [{ role: "control-plane", extraPortMappings: mappings }, { role: "worker" }, { role: "worker" }],
  };
}
