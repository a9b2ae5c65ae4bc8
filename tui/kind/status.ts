import { CLUSTER } from "../../kind/source/names.ts";
import type { CliContext } from "../cli/context.ts";
import type { ClusterReport } from "../cli/outputs.ts";
import type { Style } from "../cli/style.ts";
import { table } from "../cli/table.ts";
import { sanitize } from "../text.ts";
import { isReady, restartsOf, troubleOf } from "./pods.ts";
import { readPods } from "./rollout.ts";
import { clusters } from "./tools.ts";

const ENDING = "ending";

/** Returns the cluster's pods, each with its phase or the reason why it is not running. */
export async function readCluster(context: CliContext): Promise<ClusterReport> {
  if (!(await clusters(context)).includes(CLUSTER)) return { running: false, pods: [] };
  const pods = (await readPods(context)).map((pod) => ({
    name: pod.metadata.name,
    part: pod.metadata.labels?.["app.kubernetes.io/name"] ?? "",
    node: pod.spec.nodeName ?? null,
    ready: isReady(pod),
    restarts: restartsOf(pod),
    detail: pod.metadata.deletionTimestamp ? ENDING : (troubleOf(pod)?.reason ?? pod.status.phase),
  }));
  return { running: pods.length > 0 && pods.every(({ ready }) => ready), pods };
}

export function clusterText({ pods }: ClusterReport, style: Style): string {
  if (pods.length === 0) return "No cluster is running here. `odd-dashboard up --tier kind` creates one.";
  const { paint } = style;
  return table(
    [{ title: "POD" }, { title: "NODE" }, { title: "RESTARTS" }, { title: "STATE" }],
    pods.map(({ name, node, ready, restarts, detail }) => [
      sanitize(name),
      sanitize(node ?? ""),
      String(restarts),
      detail === ENDING
        ? `${paint.dim("·")} ${detail}`
        : ready
          ? `${paint.green("✓")} ${sanitize(detail)}`
          : `${paint.red("✕")} ${sanitize(detail)}`,
    ]),
    style,
  );
}
