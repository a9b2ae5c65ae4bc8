import { duration } from "../../shared/format.ts";
import type { CliContext } from "../cli/context.ts";

export const STEPS = ["prereqs", "cluster", "images", "load", "deploy", "pods", "ports", "verify"] as const;
export type StepName = (typeof STEPS)[number];

/** Reports what a step is waiting for. Repeating the latest report prints nothing. */
export type Say = (what: string) => void;

export interface Steps {
  /** Runs a step; `work` resolves with a summary of its outcome. */
  run(name: StepName, work: (say: Say) => Promise<string>): Promise<void>;
  readonly elapsedMs: number;
}

/** Prints what each step waits for and how long it took, even if it fails. */
export function createSteps({ line }: Pick<CliContext, "line">): Steps {
  const startedAt = performance.now();
  return {
    async run(name, work) {
      const stepAt = performance.now();
      const took = () => duration(performance.now() - stepAt);
      let said = "";
      try {
        const end = await work((what) => {
          if (what !== said) line(`Waiting for ${name}: ${what}`);
          said = what;
        });
        line(`${name} done in ${took()}: ${end}`);
      } catch (error) {
        line(`${name} failed after ${took()}`);
        throw error;
      }
    },
    get elapsedMs() {
      return performance.now() - startedAt;
    },
  };
}
