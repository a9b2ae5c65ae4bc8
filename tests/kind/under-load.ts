import { JOBS } from "../containers/job-mix.ts";
import type { FrontProof } from "../containers/prove-front.ts";
import { createRandom } from "../support/random.ts";
import { startSteadyLoad } from "../support/steady-load.ts";
import { eventually } from "../support/wait.ts";
import type { Cluster } from "./cluster.ts";
import { explain } from "./workloads.ts";

const JOBS_PER_SECOND = 10;
const END_MS = 300_000;
/** How long pods and nodes may take to settle: far longer than on an idle machine, so that slow machines pass too. */
export const SETTLE_MS = 300_000;

export interface ClusterProof extends FrontProof {
  readonly cluster: Cluster;
}

const random = createRandom(1);

/**
 * Submits jobs until `fault` has happened and been repaired. Every accepted job must then have exactly one outcome, and
 * the ledger must settle without lost, unobserved or duplicated jobs.
 */
export function underLoad(
  { report, system, cluster }: ClusterProof,
  name: string,
  fault: () => Promise<string>,
): Promise<boolean> {
  return report.check(name, async () => {
    const load = startSteadyLoad(system, {
      perSecond: JOBS_PER_SECOND,
      job: () => random.pick(JOBS)(random),
    });
    let seen: string;
    try {
      await eventually(() => load.accepted.length > 0, { what: "the first job to be accepted" });
      seen = await fault();
    } finally {
      await load.stop();
    }
    const { accepted, refusals } = load;
    try {
      await system.untilOneOutcomeEach(accepted, END_MS);
      const ledger = await system.settledLedger(END_MS);
      if (ledger.accepted < accepted.length)
        throw new Error(`the ledger counts ${ledger.accepted} jobs, expected at least ${accepted.length}`);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await explain(cluster)}`);
    }
    return `${seen}; ${accepted.length} accepted with one outcome each, ledger 0; refused: ${JSON.stringify(refusals)}`;
  });
}

export const seconds = (since: number) => ((performance.now() - since) / 1_000).toFixed(0);
