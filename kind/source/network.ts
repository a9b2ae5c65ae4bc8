import type { ServiceEntry } from "../../contracts/service-schema.ts";
import { SERVICE_CATALOGUE } from "../../contracts/services.ts";
import { labelsOf, selectorOf } from "./names.ts";
import { scrapedPorts } from "./prometheus.ts";

/** Who calls whom at which port: the arrows of docs/architecture.md. */
export const ARROWS: Readonly<Record<string, readonly (readonly [to: string, port: number])[]>> = {
  gateway: [
    ["rabbitmq", 5672],
    ["processor", 3001],
    ["jaeger", 4318],
  ],
  processor: [
    ["rabbitmq", 5672],
    ["postgres", 5432],
    ["jaeger", 4318],
  ],
  "metrics-engine": [
    ["rabbitmq", 5672],
    ["mongodb", 27_017],
    ["redis", 6379],
    ["processor", 3001],
    ["jaeger", 4318],
  ],
  "read-model": [
    ["postgres", 5432],
    ["mongodb", 27_017],
    ["redis", 6379],
    ["prometheus", 9090],
    ["alertmanager", 9093],
  ],
  "web-pty": [
    ["gateway", 3000],
    ["read-model", 8080],
  ],
  "web-ui": [
    ["web-pty", 9000],
    ["gateway", 3000],
    ["read-model", 8080],
  ],
  prometheus: [...scrapedPorts().filter(([to]) => to !== "alertmanager"), ["alertmanager", 9093]],
  alertmanager: [["read-model", 8080]],
  grafana: [
    ["prometheus", 9090],
    ["alertmanager", 9093],
    ["jaeger", 16_686],
  ],
  "postgres-exporter": [["postgres", 5432]],
  "redis-exporter": [["redis", 6379]],
  "mongodb-exporter": [["mongodb", 27_017]],
  pgadmin: [["postgres", 5432]],
  "mongo-express": [["mongodb", 27_017]],
  redisinsight: [["redis", 6379]],
};

const tcp = (port: number) => ({ protocol: "TCP", port });
const pods = (name: string) => ({ podSelector: { matchLabels: selectorOf(name) } });

const policy = (name: string, spec: object, labels?: object) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, ...(labels && { labels }) },
  spec,
});

/** Allows a part's calls and its callers; `deny-by-default` refuses everything else. */
export function networkPolicyOf(entry: ServiceEntry) {
  const { name } = entry;
  const callers = new Map<number, string[]>();
  for (const [from, targets] of Object.entries(ARROWS))
    for (const [to, port] of targets)
      if (to === name) callers.set(port, [...(callers.get(port) ?? []), from]);
  const egress: object[] = (ARROWS[name] ?? []).map(([to, port]) => ({ to: [pods(to)], ports: [tcp(port)] }));
  // The API of the cluster has no pod to name.
  if (name === "prometheus") egress.push({ ports: [tcp(443), tcp(6443)] });
  const ingress: object[] = [...callers].map(([port, from]) => ({
    from: from.map(pods),
    ports: [tcp(port)],
  }));
  // The Ingress leads to the page, from whichever namespace its controller is in.
  if (name === "web-ui") ingress.push({ ports: [tcp(8081)] });
  const spec = {
    podSelector: { matchLabels: selectorOf(name) },
    policyTypes: ["Ingress", "Egress"],
    ...(ingress.length > 0 && { ingress }),
    ...(egress.length > 0 && { egress }),
  };
  return policy(name, spec, labelsOf(entry));
}

/** Refuses every connection that no other policy allows, except to the name server. */
export const defaultPolicies = () => [
  policy("deny-by-default", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }),
  policy("name-server", {
    podSelector: {},
    policyTypes: ["Egress"],
    egress: [
      {
        to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
        ports: [{ protocol: "UDP", port: 53 }, tcp(53)],
      },
    ],
  }),
];

/** Opens the ports that the overlay `local` publishes to this machine. */
export const publishedPolicies = () =>
  SERVICE_CATALOGUE.services.flatMap(({ name, ports }) => {
    const open = ports.filter((one) => one.published).map(({ port }) => tcp(port));
    if (open.length === 0) return [];
    return policy(`${name}-outside`, {
      podSelector: { matchLabels: selectorOf(name) },
      policyTypes: ["Ingress"],
      ingress: [{ ports: open }],
    });
  });
