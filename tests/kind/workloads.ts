import { type Pod, restartsOf, troubleOf } from "../../tui/kind/pods.ts";
import { eventually } from "../support/wait.ts";
import type { Cluster } from "./cluster.ts";

const LOG_LINES = "8";

type Status = NonNullable<Pod["status"]["containerStatuses"]>[number];

/** A pod with its uid, which differs from its successor's, and its container's id, which changes at each restart. */
export interface ClusterPod extends Pod {
  readonly metadata: Pod["metadata"] & { readonly uid: string };
  readonly status: Pod["status"] & {
    readonly containerStatuses?: readonly (Status & { readonly containerID?: string })[];
  };
}

/** A Deployment or StatefulSet. */
interface Workload {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
  };
}

export const pods = (cluster: Cluster, ...args: string[]) => cluster.list<ClusterPod>("pods", ...args);

/** Reports whether a pod is ready. Reads its condition, because container states on an unreachable node are stale. */
export function serves({ metadata, status }: ClusterPod): boolean {
  const ready = status.conditions?.find(({ type }) => type === "Ready");
  return !metadata.deletionTimestamp && ready?.status === "True";
}

/** Resolves once every workload runs its desired number of pods, all ready and up to date. */
export async function untilSettled(cluster: Cluster, timeoutMs: number): Promise<void> {
  try {
    await eventually(
      async () => {
        const unsettled = (await cluster.list<Workload>("deployments,statefulsets")).filter(
          (one) => !isSettled(one),
        );
        if (unsettled.length > 0) throw new Error(unsettled.map(describe).join(", "));
        return true;
      },
      { what: "every pod to be ready", timeoutMs, everyMs: 500 },
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await explain(cluster)}`);
  }
}

function isSettled({ spec, metadata, status }: Workload): boolean {
  const counts = [status.replicas, status.readyReplicas, status.updatedReplicas];
  return (
    status.observedGeneration === metadata.generation && counts.every((count = 0) => count === spec.replicas)
  );
}

function describe({ metadata, spec, status }: Workload): string {
  return `${metadata.name} has ${status.readyReplicas ?? 0} of ${spec.replicas} ready`;
}

/** Explains why each unready pod is not ready, with the last lines of its log. */
export async function explain(cluster: Cluster): Promise<string> {
  const lines: string[] = [];
  try {
    for (const pod of (await pods(cluster)).filter((one) => !serves(one))) {
      const { metadata, spec, status } = pod;
      const reason = metadata.deletionTimestamp ? "ending" : (troubleOf(pod)?.reason ?? status.phase);
      lines.push(`${metadata.name} on ${spec.nodeName ?? "no node"}: ${reason}`);
      const previous = restartsOf(pod) > 0 ? ["--previous"] : [];
      const said = await cluster.inNamespace("logs", metadata.name, "--tail", LOG_LINES, ...previous);
      lines.push(...said.split("\n").map((line) => `  ${line}`));
    }
  } catch (error) {
    lines.push((error as Error).message);
  }
  return lines.join("\n");
}
