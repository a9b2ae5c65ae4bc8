import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES } from "../../contracts/services.ts";
import { PROJECT } from "../../kind/source/compose-file.ts";
import { ARROWS } from "../../kind/source/network.ts";
import { manifests, objectOf, type PodSpec, workloads } from "./manifests.ts";
import { faultsOf } from "./schemas.ts";

test("every manifest matches Kubernetes' schemas", () => {
  expect(manifests.length).toBeGreaterThan(90);
  expect(manifests.flatMap(({ file, ...object }) => faultsOf(object))).toEqual([]);
});

test("the schemas reject an unknown field and a value of the wrong type", () => {
  const metadata = { name: "x" };
  const service = { apiVersion: "v1", kind: "Service", metadata };
  expect(faultsOf({ ...service, spec: { ports: [{ port: 1 }] } })).toEqual([]);
  expect(faultsOf({ ...service, spec: { port: [] } })[0]).toContain('"additionalProperty":"port"');
  expect(faultsOf({ ...service, spec: { ports: [{ port: "1" }] } })[0]).toContain("must be integer");
});

/** Returns a pod's violations of the restricted Pod Security Standard, for the fields that our pods use. */
function breaches({ containers: [container], securityContext: pod, volumes = [] }: PodSpec): string[] {
  const { securityContext: own } = container;
  const wanted: Readonly<Record<string, boolean>> = {
    "runs as a user other than root": pod.runAsNonRoot === true && pod.runAsUser !== 0,
    "uses the runtime's default seccomp profile":
      (pod.seccompProfile as { type?: string })?.type === "RuntimeDefault",
    "cannot escalate its privileges": own.allowPrivilegeEscalation === false && own.privileged !== true,
    "drops every capability": own.capabilities?.drop?.includes("ALL") === true,
    "adds only the capability for low ports": (own.capabilities?.add ?? []).every(
      (one) => one === "NET_BIND_SERVICE",
    ),
    "mounts no hostPath volume": volumes.every((volume) => !("hostPath" in volume)),
  };
  return Object.keys(wanted).filter((requirement) => !wanted[requirement]);
}

test("every pod meets the restricted Pod Security level, which the namespace enforces", () => {
  const faults = workloads.map(({ metadata, spec }) => [metadata.name, breaches(spec.template.spec)]);
  expect(faults.filter(([, list]) => list?.length)).toEqual([]);
  expect(objectOf("Namespace", "task-observatory")?.metadata.labels).toMatchObject({
    "pod-security.kubernetes.io/enforce": "restricted",
  });
});

describe.each(workloads.map((one) => [one.metadata.name, one] as const))("%s", (name, { kind, spec }) => {
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const isOurs = SERVICE_NAMES.some((one) => one === name) || name === "web-ui";

  test("has requests, limits and a disruption budget, and no API token unless it is Prometheus", () => {
    if (name === "prometheus") expect(pod.serviceAccountName).toBe("prometheus");
    else expect(pod.automountServiceAccountToken).toBe(false);
    for (const part of ["requests", "limits"] as const) {
      expect(container.resources[part].cpu).toMatch(/^\d+m$/);
      expect(container.resources[part].memory).toMatch(/^\d+Mi$/);
    }
    expect(objectOf("PodDisruptionBudget", name)?.spec).toMatchObject({ maxUnavailable: 1 });
    expect(pod.topologySpreadConstraints.map(({ topologyKey }) => topologyKey)).toEqual([
      "kubernetes.io/hostname",
    ]);
  });

  test("has a container port for each probe and for each port of its Service", () => {
    const names = container.ports.map((port) => port.name);
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      const port = probe.httpGet?.port ?? probe.tcpSocket?.port;
      if (port) expect(names).toContain(port);
    }
    const service = objectOf("Service", name)?.spec as { ports: { targetPort: string }[] } | undefined;
    expect(service?.ports.map(({ targetPort }) => targetPort)).toEqual(names);
  });

  if (isOurs)
    test("is replaced without downtime, has a read-only root file system and finishes its requests before it exits", () => {
      expect(kind).toBe("Deployment");
      expect(spec.strategy).toEqual({
        type: "RollingUpdate",
        rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
      });
      expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
      const stopGraceSeconds = 10;
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(
        stopGraceSeconds + (container.lifecycle?.preStop.sleep.seconds ?? 0),
      );
      expect(spec.replicas).toBeUndefined();
    });
});

test("the network policies match the arrows on the architecture page", () => {
  const page = readFileSync(join(PROJECT, "docs/architecture.md"), "utf8");
  const [, drawing = ""] = /```mermaid\nflowchart LR\n(.*?)```/s.exec(page) ?? [];
  const nameOf: Readonly<Record<string, string>> = {
    readmodel: "read-model",
    webui: "web-ui",
    webpty: "web-pty",
    rabbit: "rabbitmq",
    metrics: "metrics-engine",
    mongo: "mongodb",
    tui: "web-pty",
  };
  const drawn = new Set<string>();
  // The drawing shows the flow of data, so directions are ignored; the page's table says which side connects.
  const between = (a: string, b: string) => [a, b].sort().join(" – ");
  for (const line of drawing.split("\n")) {
    const plain = line
      .replaceAll(/(\w)(\[\(.*?\)\]|\["?.*?"?\]|\(\[.*?\]\))/g, "$1")
      .replaceAll(/(--|-\.) "?[^"\n]*?"? (-->|\.->)/g, "-->")
      .replaceAll(/<-->/g, "-->");
    const [from, to] = plain.split("-->").map((side) => side.trim());
    if (!from || !to) continue;
    for (const one of from.split(" & ")) drawn.add(between(nameOf[one] ?? one, nameOf[to] ?? to));
  }
  const allowed = Object.entries(ARROWS).flatMap(([from, targets]) =>
    targets.map(([to]) => between(from, to)),
  );
  // The drawing combines or omits the arrows of exporters, the engines' pages and Prometheus's scrapes.
  const aside =
    /exporter|pgadmin|mongo-express|redisinsight|^prometheus – |– prometheus$|^alertmanager – grafana$|^alertmanager – read-model$/;
  const undrawn = [...new Set(allowed)].filter((pair) => !drawn.has(pair) && !aside.test(pair));
  expect(drawn.size).toBeGreaterThan(15);
  expect(undrawn).toEqual([]);
  const refused = [...drawn].filter(
    (pair) => !/user|web-pty – web-pty/.test(pair) && !allowed.includes(pair),
  );
  expect(refused).toEqual([]);
});
