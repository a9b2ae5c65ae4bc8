/** How many tests passed, failed and were skipped, according to the summary that `bun test` prints at the end. */
export interface BunSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Reads the last summary in the output, because tests that themselves run `bun test` print the summaries of those runs.
 * Counts missing from the summary are 0.
 */
export function readBunSummary(output: string): BunSummary {
  const summary =
    [...output.matchAll(/^(?: +\d+ .*\n)+Ran \d+ tests? across \d+ files?/gm)].at(-1)?.[0] ?? "";
  const count = (word: string) => Number(new RegExp(`^ *(\\d+) ${word}$`, "m").exec(summary)?.[1] ?? 0);
  return { passed: count("pass"), failed: count("fail"), skipped: count("skip") };
}
