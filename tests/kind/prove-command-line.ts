import { CLUSTER } from "../../kind/source/names.ts";
import type { ClusterReport } from "../../tui/cli/outputs.ts";
import type { Cluster } from "./cluster.ts";
import { bringUp } from "./deploy.ts";
import type { ClusterProof } from "./under-load.ts";
import { pods } from "./workloads.ts";

/** Proves the commands that a user runs on a running cluster: `status`, and `up` again. */
export async function proveCommandLine({ cluster, report }: ClusterProof, overlay: string): Promise<void> {
  await report.check("status --tier kind shows every pod ready", () => proveStatus(cluster));
  await report.check("a second up replaces no pod, and kubectl keeps its context", async () => {
    const before = await podNames(cluster);
    const end = await withContext(cluster, "elsewhere", () => bringUp(cluster, overlay));
    const after = await podNames(cluster);
    if (before.join() !== after.join()) throw new Error(`${before.join(", ")} became ${after.join(", ")}`);
    return end;
  });
}

const podNames = async (cluster: Cluster) =>
  (await pods(cluster)).map(({ metadata }) => metadata.name).sort();

/** Runs `work` while kubectl uses another context, as a user's kubectl might; throws if `work` changes the context. */
async function withContext<T>(cluster: Cluster, name: string, work: () => Promise<T>): Promise<T> {
  const own = `kind-${CLUSTER}`;
  await cluster.kubectl("config", "set-context", name, "--cluster", own, "--user", own);
  await cluster.kubectl("config", "use-context", name);
  try {
    const end = await work();
    const now = await cluster.kubectl("config", "current-context");
    if (now !== name) throw new Error(`kubectl's current context changed from ${name} to ${now}`);
    return end;
  } finally {
    await cluster.kubectl("config", "use-context", own);
  }
}

async function proveStatus(cluster: Cluster): Promise<string> {
  const command = [process.execPath, "tui/main.ts", "status", "--tier", "kind", "--output", "json"];
  const report = JSON.parse(await cluster.run(command)) as ClusterReport;
  const unready = report.pods.filter(({ ready }) => !ready);
  if (!report.running) throw new Error(`${unready.length} of ${report.pods.length} pods are not ready`);
  return `${report.pods.length} pods`;
}
