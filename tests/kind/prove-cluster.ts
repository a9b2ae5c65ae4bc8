import type { WorkersReply } from "../../contracts/api-queries.ts";
import { CLUSTER } from "../../kind/source/names.ts";
import { proveFourPaths, provePage } from "../containers/prove-front.ts";
import { eventually } from "../support/wait.ts";
import { proveCommandLine } from "./prove-command-line.ts";
import { proveCost } from "./prove-cost.ts";
import { proveOverlays } from "./prove-overlays.ts";
import { proveEngines, proveServices } from "./prove-pods.ts";
import { proveThroughput } from "./prove-throughput.ts";
import { type ClusterProof, SETTLE_MS, seconds, underLoad } from "./under-load.ts";
import { untilSettled } from "./workloads.ts";

const SERVICES = "observatory/role=service";

/** Runs every proof on a cluster whose pods are ready. The order ensures that no injected fault slows a later proof. */
export async function proveCluster(proof: ClusterProof, overlay: string): Promise<void> {
  const { report } = proof;
  await report.phase("four proof paths", () => proveFourPaths(proof));
  await report.phase("smoke", () => report.check("bun run smoke", () => proveSmoke(proof)));
  await report.phase("the command line", () => proveCommandLine(proof, overlay));
  await report.phase("overlays", () => proveOverlays(proof));
  await report.phase("the page and its terminal", () => provePage(proof));
  await report.phase("scaling", async () => {
    await underLoad(proof, "processors 1 → 4 → 1", () => scale(proof));
    await report.check("cost of 1,000 jobs", () => proveCost(proof));
    await report.check("throughput of 1 and of 4 processors", () => proveThroughput(proof));
  });
  await report.phase("rolling update", () =>
    underLoad(proof, "every service is replaced", () => rollingUpdate(proof)),
  );
  // Services come before nodes: proofs on nodes end many containers, and each end lengthens kubelet's restart back-off.
  await report.phase("services", () => proveServices(proof));
  await report.phase("engines", () => proveEngines(proof));
  await report.phase("nodes", () => proveNodes(proof));
}

async function proveSmoke({ cluster, system }: ClusterProof): Promise<string> {
  const { gateway, readModel, metrics } = system;
  const targets = ["--gateway", gateway, "--read-model", readModel, "--metrics", metrics];
  const printed = await cluster.run([process.execPath, "tests/smoke.ts", ...targets]);
  return printed.split("\n").at(-1)?.replace(/;.*/, "") ?? "";
}

async function scale({ cluster, system }: ClusterProof): Promise<string> {
  const to = (replicas: number) =>
    cluster.inNamespace("scale", "deployment/processor", `--replicas=${replicas}`);
  await to(4);
  const attempts = await eventually(
    async () => {
      const { workers } = await system.get<WorkersReply>("/workers");
      const alive = workers.filter(({ state }) => state === "alive").map(({ id }) => id);
      const busy = await system.sql<{ count: number }[]>`
        select count(*)::int as count from job_attempts where worker_id = any(${alive}) group by worker_id`;
      return alive.length === 4 && busy.length === 4 && busy.map(({ count }) => count);
    },
    { what: "each of the 4 processors to run attempts", timeoutMs: SETTLE_MS, everyMs: 300 },
  );
  await untilSettled(cluster, SETTLE_MS);
  await to(1);
  await untilSettled(cluster, SETTLE_MS);
  return `${attempts.join(", ")} attempts on the four processors`;
}

async function rollingUpdate({ cluster }: ClusterProof): Promise<string> {
  const startedAt = performance.now();
  await cluster.inNamespace("rollout", "restart", "deployment", "--selector", SERVICES);
  await untilSettled(cluster, SETTLE_MS);
  return `in ${seconds(startedAt)} s`;
}

async function proveNodes(proof: ClusterProof): Promise<void> {
  const { cluster } = proof;
  const [drained = "", stopped = ""] = await workers(proof);
  await underLoad(proof, `node ${drained} is drained`, async () => {
    const startedAt = performance.now();
    await cluster.kubectl(
      "drain",
      drained,
      "--ignore-daemonsets",
      "--delete-emptydir-data",
      "--timeout=300s",
    );
    const gone = seconds(startedAt);
    await cluster.kubectl("uncordon", drained);
    await untilSettled(cluster, SETTLE_MS);
    return `drained after ${gone} s, every pod ready after ${seconds(startedAt)} s`;
  });
  await underLoad(proof, `node ${stopped} is stopped without warning`, async () => {
    const startedAt = performance.now();
    await cluster.docker("stop", "--time", "0", stopped);
    await untilNode(proof, stopped, false);
    const noticed = seconds(startedAt);
    await cluster.docker("start", stopped);
    await untilNode(proof, stopped, true);
    await untilSettled(cluster, SETTLE_MS);
    return `noticed after ${noticed} s, every pod ready after ${seconds(startedAt)} s`;
  });
}

async function workers({ cluster }: ClusterProof): Promise<string[]> {
  const nodes = await cluster.kind("get", "nodes", "--name", CLUSTER);
  return nodes
    .split("\n")
    .filter((name) => name.includes("worker"))
    .sort();
}

async function untilNode({ cluster }: ClusterProof, node: string, wanted: boolean): Promise<void> {
  const path = '{.status.conditions[?(@.type=="Ready")].status}';
  await eventually(
    async () => {
      const status = await cluster.kubectl("get", "node", node, "--output", `jsonpath=${path}`);
      return (status === "True") === wanted;
    },
    { what: `${node} to be ${wanted ? "ready" : "unreachable"}`, timeoutMs: SETTLE_MS, everyMs: 500 },
  );
}
