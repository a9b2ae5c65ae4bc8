import { eventually } from "../support/wait.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterProof } from "./under-load.ts";

const JOBS = 1_000;
const END_MS = 300_000;
const MEASURED_MS = 120_000;

/** A kubelet's measurements of the pods on its node. */
interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly cpu?: { readonly time: string; readonly usageCoreNanoSeconds?: number };
    readonly memory?: { readonly workingSetBytes?: number };
  }[];
}

interface Use {
  readonly at: number;
  readonly cpuSeconds: number;
  readonly bytes: number;
}

/**
 * Measures the CPU time that each part of the system uses for 1,000 empty jobs, until all their events are recorded.
 * Measures the usage at rest first and subtracts it.
 */
export async function proveCost({ cluster, system }: ClusterProof): Promise<string> {
  const first = await measuredSince(cluster, Date.now());
  const rest = await measuredSince(cluster, Date.now());
  const reply = await system.post("/jobs/batch", {
    jobs: Array.from({ length: JOBS }, () => ({ type: "sleep", payload: { ms: 0 } })),
  });
  const { results = [] } = (await reply.json()) as { results?: { jobId?: string }[] };
  const ids = results.flatMap(({ jobId }) => jobId ?? []);
  if (ids.length !== JOBS) throw new Error(`${ids.length} of ${JOBS} jobs were accepted: ${reply.status}`);
  await system.untilOneOutcomeEach(ids, END_MS);
  await system.settledLedger(END_MS);
  const end = await measuredSince(cluster, Date.now());

  const cost = new Map<string, number>();
  for (const [pod, last] of end) {
    const from = first.get(pod);
    const before = rest.get(pod);
    // Skips a pod that was not measured twice at rest, such as a pod that has just started.
    if (!from || !before || before.at <= from.at) continue;
    const restRate = (before.cpuSeconds - from.cpuSeconds) / (before.at - from.at);
    const used = last.cpuSeconds - before.cpuSeconds - restRate * (last.at - before.at);
    const part = pod.replace(/(-[0-9a-f]{6,10}-[0-9a-z]{5}|-\d+)$/, "");
    cost.set(part, (cost.get(part) ?? 0) + Math.max(0, used));
  }
  const total = [...cost.values()].reduce((sum, one) => sum + one, 0);
  const parts = [...cost].sort(([, a], [, b]) => b - a).filter(([, one]) => one >= 0.05);
  const memory = [...end.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    `${total.toFixed(1)} s of CPU for ${JOBS} jobs (` +
    `${parts.map(([part, one]) => `${part} ${one.toFixed(1)}`).join(", ")}), ` +
    `${(memory / 2 ** 30).toFixed(1)} GiB in use by ${end.size} pods`
  );
}

/** Returns each pod's usage once all pods have been measured after `since`. */
async function measuredSince(cluster: Cluster, since: number): Promise<ReadonlyMap<string, Use>> {
  return await eventually(
    async () => {
      const uses = await measured(cluster);
      const late = [...uses].filter(([, { at }]) => at * 1_000 < since).map(([pod]) => pod);
      if (late.length > 0) throw new Error(`not measured yet: ${late.join(", ")}`);
      return uses;
    },
    { what: "the kubelets to measure every pod", timeoutMs: MEASURED_MS, everyMs: 500 },
  );
}

async function measured(cluster: Cluster): Promise<ReadonlyMap<string, Use>> {
  const nodes = (await cluster.kubectl("get", "nodes", "--output", "name")).split("\n");
  const uses = new Map<string, Use>();
  for (const node of nodes) {
    const path = `/api/v1/nodes/${node.replace("node/", "")}/proxy/stats/summary`;
    const { pods } = JSON.parse(
      await cluster.run(["kubectl", "get", "--raw", path], { quiet: true }),
    ) as Summary;
    for (const { podRef, cpu, memory } of pods)
      if (podRef.namespace === "task-observatory" && cpu?.usageCoreNanoSeconds !== undefined)
        uses.set(podRef.name, {
          at: Date.parse(cpu.time) / 1_000,
          cpuSeconds: cpu.usageCoreNanoSeconds / 1e9,
          bytes: memory?.workingSetBytes ?? 0,
        });
  }
  return uses;
}
