import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Records the results and durations of checks. A failed check does not stop later ones, unless the caller decides
 * otherwise.
 */
export function createReport(
  folder: string,
  /**
   * The time budget for everything except building images. A busy machine may exceed it, so it is reported but not
   * checked.
   */
  { budgetSeconds }: { budgetSeconds: number },
) {
  const startedAt = performance.now();
  const checks: { phase: string; name: string; ok: boolean; seconds: number; detail?: string }[] = [];
  const phases: { name: string; seconds: number }[] = [];
  let current = "";
  const seconds = (from: number) => Math.round((performance.now() - from) / 100) / 10;
  const say = (line: string) => console.log(`${seconds(startedAt).toFixed(1).padStart(6)} s  ${line}`);

  return {
    say,

    async phase<T>(name: string, work: () => Promise<T>): Promise<T> {
      const phaseStartedAt = performance.now();
      current = name;
      say(`== ${name}`);
      try {
        return await work();
      } finally {
        phases.push({ name, seconds: seconds(phaseStartedAt) });
      }
    },

    /**
     * Runs a check and prints its resolved text. If it throws, the check has failed; the error is printed but not
     * rethrown.
     */
    async check(name: string, work: () => Promise<string | undefined>): Promise<boolean> {
      const checkStartedAt = performance.now();
      const finish = (ok: boolean, detail?: string) => {
        checks.push({ phase: current, name, ok, seconds: seconds(checkStartedAt), detail });
        say(
          `${ok ? "✓" : "✗"} ${name}${detail ? `: ${detail}` : ""} (${seconds(checkStartedAt).toFixed(1)} s)`,
        );
        return ok;
      };
      try {
        return finish(true, await work());
      } catch (error) {
        return finish(false, error instanceof Error ? error.message : String(error));
      }
    },

    /** Prints the durations and totals, writes the report to a file, and returns the exit code. */
    finish(): number {
      const failed = checks.filter((check) => !check.ok);
      for (const phase of phases) console.log(`${phase.seconds.toFixed(1).padStart(8)} s  ${phase.name}`);
      const sinceImages = phases
        .filter(({ name }) => name !== "images")
        .reduce((sum, phase) => sum + phase.seconds, 0);
      console.log(
        `${sinceImages.toFixed(1).padStart(8)} s  without the images; the budget is ${budgetSeconds} s`,
      );
      for (const check of failed) console.log(`FAILED ${check.phase}: ${check.name}`);
      writeFileSync(
        join(folder, "summary.json"),
        `${JSON.stringify({ seconds: seconds(startedAt), phases, checks }, null, 2)}\n`,
      );
      console.log(`${checks.length - failed.length} passed, ${failed.length} failed`);
      return failed.length > 0 || checks.length === 0 ? 1 : 0;
    },
  };
}

export type Report = ReturnType<typeof createReport>;
