import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES } from "../../contracts/services.ts";
import { PROJECT } from "../../kind/source/compose-file.ts";
import { ARROWS } from "../../kind/source/network.ts";
import { manifests, objectOf, type PodSpec, workloads } from "./manifests.ts";
import { faultsOf } from "./schemas.ts";

test("every manifest keeps the schemas of Kubernetes", () => {
  expect(manifests.length).toBeGreaterThan(90);
  expect(manifests.flatMap(({ file, ...object }) => faultsOf(object))).toEqual([]);
});

test("a field that Kubernetes does not have is found, and so is a value of another type", () => {
  const metadata = { name: "x" };
  const service = { apiVersion: "v1", kind: "Service", metadata };
  expect(faultsOf({ ...service, spec: { ports: [{ port: 1 }] } })).toEqual([]);
  expect(faultsOf({ ...service, spec: { port: [] } })[0]).toContain('"additionalProperty":"port"');
  expect(faultsOf({ ...service, spec: { ports: [{ port: "1" }] } })[0]).toContain("must be integer");
});

/** What the restricted level of the Pod Security Standards demands, of the fields that our pods use. */
function breaches({ containers: [container], securityContext: pod, volumes = [] }: PodSpec): string[] {
  const { securityContext: own } = container;
  const wanted: Readonly<Record<string, boolean>> = {
    "runs as another user than root": pod.runAsNonRoot === true && pod.runAsUser !== 0,
    "has the runtime's seccomp profile": (pod.seccompProfile as { type?: string })?.type === "RuntimeDefault",
    "gains no privileges": own.allowPrivilegeEscalation === false && own.privileged !== true,
    "drops every capability": own.capabilities?.drop?.includes("ALL") === true,
    "adds none but that of low ports": (own.capabilities?.add ?? []).every(
      (one) => one === "NET_BIND_SERVICE",
    ),
    "mounts no folder of its node": volumes.every((volume) => !("hostPath" in volume)),
  };
  return Object.keys(wanted).filter((demand) => !wanted[demand]);
}

test("every pod is of the restricted level, which its namespace enforces", () => {
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

  test("has no token of the API but Prometheus, requests and limits, and a budget", () => {
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

  test("has a port of the Service behind each probe and each port of its Service", () => {
    const names = container.ports.map((port) => port.name);
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      const port = probe.httpGet?.port ?? probe.tcpSocket?.port;
      if (port) expect(names).toContain(port);
    }
    const service = objectOf("Service", name)?.spec as { ports: { targetPort: string }[] } | undefined;
    expect(service?.ports.map(({ targetPort }) => targetPort)).toEqual(names);
  });

  if (isOurs)
    test("is replaced without a gap, on a read-only root, and ends after its last request", () => {
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

test("the arrows of the network policies are those of the architecture page", () => {
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
  // What is drawn is the flow of data; who opens the connection is in the table below it.
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
  // Exporters, pages of engines and what Prometheus scrapes are one arrow of the drawing, or none.
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
