import { availableParallelism } from "node:os";
import type { ClusterProof } from "./under-load.ts";
import { untilSettled } from "./workloads.ts";

const JOBS = 120;
/** About 50 ms of CPU time. */
const ROUNDS = 100_000;
const END_MS = 300_000;

/** Runs CPU-bound jobs on one processor and on four. Returns both rates and how many jobs each of the four ran. */
export async function proveThroughput(proof: ClusterProof): Promise<string> {
  const one = await timeJobs(proof, 1);
  const four = await timeJobs(proof, 4);
  await proof.cluster.inNamespace("scale", "deployment/processor", "--replicas=1");
  await untilSettled(proof.cluster, END_MS);
  const cores = availableParallelism();
  const caveat =
    cores < 5 ? `; on ${cores} cores, this shows how fairly they share jobs, not their combined speed` : "";
  return `1: ${one.perSecond} jobs/s, 4: ${four.perSecond} jobs/s, shared ${four.shares.join(", ")}${caveat}`;
}

async function timeJobs({ cluster, system }: ClusterProof, processors: number) {
  await cluster.inNamespace("scale", "deployment/processor", `--replicas=${processors}`);
  await untilSettled(cluster, END_MS);
  const job = { type: "hash", payload: { text: "kind", rounds: ROUNDS } };
  const startedAt = performance.now();
  const reply = await system.post("/jobs/batch", { jobs: Array.from({ length: JOBS }, () => job) });
  const { results = [] } = (await reply.json()) as { results?: { jobId?: string }[] };
  const ids = results.flatMap(({ jobId }) => jobId ?? []);
  if (ids.length !== JOBS) throw new Error(`${ids.length} of ${JOBS} jobs were accepted: ${reply.status}`);
  await system.untilOneOutcomeEach(ids, END_MS);
  const perSecond = ((JOBS * 1_000) / (performance.now() - startedAt)).toFixed(1);
  const rows = await system.sql<{ count: number }[]>`
    select count(*)::int as count from job_attempts where job_id = any(${ids}::uuid[]) group by worker_id order by 1`;
  return { perSecond, shares: rows.map(({ count }) => count) };
}
