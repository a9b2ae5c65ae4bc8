import { SERVICE_CATALOG } from "../../contracts/services.ts";
import { eventually } from "../support/wait.ts";
import type { Cluster } from "./cluster.ts";
import { type ClusterProof, SETTLE_MS, seconds, underLoad } from "./under-load.ts";
import { type ClusterPod, pods, serves, untilSettled } from "./workloads.ts";

const ENGINES = "observatory/role=engine";
const SERVICES = "observatory/role=service";

/** Deletes the pod of each engine, one after another, and checks that its replacement uses the same volume. */
export async function proveEngines(proof: ClusterProof): Promise<void> {
  const { cluster } = proof;
  for (const { metadata } of await pods(cluster, "--selector", ENGINES))
    await underLoad(proof, `${metadata.name} is deleted`, async () => {
      const startedAt = performance.now();
      const before = await volumesOf(proof);
      await cluster.inNamespace("delete", "pod", metadata.name);
      await untilSettled(cluster, SETTLE_MS);
      const after = await volumesOf(proof);
      if (after !== before) throw new Error(`the volumes changed from ${before} to ${after}`);
      return `ready again after ${seconds(startedAt)} s on the same volume`;
    });
}

async function volumesOf({ cluster }: ClusterProof): Promise<string> {
  const claims = await cluster.list<{ metadata: { name: string }; spec: { volumeName: string } }>(
    "persistentvolumeclaims",
  );
  return claims.map(({ metadata, spec }) => `${metadata.name} ${spec.volumeName}`).join(", ");
}

/**
 * Kills all services' pods at once, which is harsher than losing one pod, and checks each of them under a load of its
 * own.
 */
export async function proveServices(proof: ClusterProof): Promise<void> {
  // Pods of the previous version may still be terminating.
  const serving = (await pods(proof.cluster, "--selector", SERVICES)).filter(serves);
  await proof.report.check("every service has a pod that serves requests", async () => {
    const parts = serving.map(({ metadata }) => metadata.labels?.["app.kubernetes.io/name"]);
    const wanted = SERVICE_CATALOG.services.flatMap(({ name, role }) => (role === "service" ? name : []));
    const missing = wanted.filter((name) => !parts.includes(name));
    if (missing.length > 0) throw new Error(`no serving pod of ${missing.join(", ")}`);
    return undefined;
  });
  const seen = sharedPods(proof.cluster);
  await Promise.all(
    serving.map((pod) => underLoad(proof, `SIGKILL ${pod.metadata.name}`, () => killPod(proof, pod, seen))),
  );
}

/** Returns a function whose concurrent calls share one listing of the pods. */
function sharedPods(cluster: Cluster): () => Promise<ClusterPod[]> {
  let asked: Promise<ClusterPod[]> | undefined;
  return () => {
    asked ??= pods(cluster).finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

/** Kills the container's process directly, like a crash; kubelet notices and restarts the container. */
async function killPod(
  { cluster }: ClusterProof,
  { metadata, spec, status }: ClusterPod,
  seen: () => Promise<ClusterPod[]>,
): Promise<string> {
  const container = status.containerStatuses?.[0];
  const id = container?.containerID?.replace(/^containerd:\/\//, "");
  if (!container || !id || !spec.nodeName) throw new Error(`${metadata.name} has no container`);
  const startedAt = performance.now();
  const kill = ["ctr", "--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", id];
  await cluster.docker("exec", spec.nodeName, ...kill);
  await eventually(
    async () => {
      const now = (await seen()).find((one) => one.metadata.uid === metadata.uid);
      const restarts = now?.status.containerStatuses?.[0]?.restartCount ?? 0;
      return now && restarts > container.restartCount && serves(now);
    },
    { what: `${metadata.name} to be restarted`, timeoutMs: SETTLE_MS, everyMs: 500 },
  );
  return `ready again after ${seconds(startedAt)} s`;
}
