import type { ServiceEntry } from "../../contracts/service-schema.ts";
import { portOf, SERVICE_CATALOG } from "../../contracts/services.ts";
import { labelsOf, selectorOf } from "./names.ts";
import { scrapedPorts } from "./prometheus.ts";

type Call = readonly [to: string, port: number];

/** Calls that the catalog's `needs` do not list, because the caller can start while these targets are down. */
const ALSO_CALLS: Readonly<Record<string, readonly string[]>> = {
  gateway: ["processor"],
  "metrics-engine": ["processor"],
  "read-model": ["prometheus", "alertmanager"],
  "web-ui": ["gateway", "read-model"],
  alertmanager: ["read-model"],
  grafana: ["alertmanager", "jaeger"],
};

const callsOf = ({ name, needs, environment }: ServiceEntry): readonly Call[] => [
  ...[...needs, ...(ALSO_CALLS[name] ?? [])].map((to): Call => [to, portOf(to).port]),
  ...(environment.includes("OTEL_EXPORTER_OTLP_ENDPOINT")
    ? [["jaeger", portOf("jaeger", "Traces, OTLP over HTTP").port] as const]
    : []),
  // The port to which Prometheus sends alerts is one of those that it scrapes, so it needs no entry of its own.
  ...(name === "prometheus" ? scrapedPorts() : []),
];

/** Each part's calls, as pairs of target and port. The diagram in docs/architecture.md shows most of them. */
export const ARROWS: Readonly<Record<string, readonly Call[]>> = Object.fromEntries(
  SERVICE_CATALOG.services.map((entry) => [entry.name, callsOf(entry)]),
);

const tcp = (port: number) => ({ protocol: "TCP", port });
const pods = (name: string) => ({ podSelector: { matchLabels: selectorOf(name) } });

const policy = (name: string, spec: object, labels?: object) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, ...(labels && { labels }) },
  spec,
});

/** Returns the policy that allows a part's calls and its callers; `deny-by-default` denies everything else. */
export function networkPolicyOf(entry: ServiceEntry) {
  const { name } = entry;
  const callers = new Map<number, string[]>();
  for (const [from, targets] of Object.entries(ARROWS))
    for (const [to, port] of targets)
      if (to === name) callers.set(port, [...(callers.get(port) ?? []), from]);
  const egress: object[] = (ARROWS[name] ?? []).map(([to, port]) => ({ to: [pods(to)], ports: [tcp(port)] }));
  // For the cluster's API server, only ports are given, because it has no pod that a policy could select.
  if (name === "prometheus") egress.push({ ports: [tcp(443), tcp(6443)] });
  const ingress: object[] = [...callers].map(([port, from]) => ({
    from: from.map(pods),
    ports: [tcp(port)],
  }));
  // The Ingress controller may be in any namespace.
  if (name === "web-ui") ingress.push({ ports: [tcp(8081)] });
  const spec = {
    podSelector: { matchLabels: selectorOf(name) },
    policyTypes: ["Ingress", "Egress"],
    ...(ingress.length > 0 && { ingress }),
    ...(egress.length > 0 && { egress }),
  };
  return policy(name, spec, labelsOf(entry));
}

/** Returns the default policies, which allow DNS and deny everything that no other policy allows. */
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

/** Returns policies that open the ports that the overlay `local` publishes on this machine. */
export const publishedPolicies = () =>
  SERVICE_CATALOG.services.flatMap(({ name, ports }) => {
    const open = ports.filter((one) => one.published).map(({ port }) => tcp(port));
    if (open.length === 0) return [];
    return policy(`${name}-outside`, {
      podSelector: { matchLabels: selectorOf(name) },
      policyTypes: ["Ingress"],
      ingress: [{ ports: open }],
    });
  });
