import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { createCommandLine, wholeNumber } from "../../shared/command-line.ts";
import { RUN_NAMES, type RunName } from "./runs.ts";

export interface BenchOptions {
  jobs: number;
  batchSize: number;
  rateSeconds: number;
  sleepJobs: number;
  slots: number;
  only: string[] | null;
  runs: readonly RunName[];
  rounds: number;
  engines: "full" | "embedded";
  /** The history sizes at which to measure queries instead of the usual runs; null for the usual runs. */
  growth: readonly number[] | null;
}

/** Parses the command line. Throws a UsageError for an invalid option; `--help` prints and exits. */
export function parseBenchOptions(args: string[]): BenchOptions {
  const count = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  const values = createCommandLine(
    "bun run bench",
    "Compares the observatory with graphile-worker, pg-boss, BullMQ and bunqueue, each behind the same HTTP POST and on fresh private engines. Each round measures every system. Prints the medians over the rounds and writes JSON under artifacts/bench/. The defaults take about 25 minutes.",
  )
    .option("--jobs <count>", "no-op jobs per throughput run; default: 20000", count)
    .option("--batch <count>", "jobs per bulk request", count, 100)
    .option("--seconds <count>", "length of each of the 50/s and 500/s runs; default: 10", count)
    .option("--sleep-jobs <count>", "jobs of 100 ms on two workers; default: 2000", count)
    .option("--slots <count>", "concurrent jobs per worker in the run of 100 ms jobs", count, 20)
    .option(
      "--only <names>",
      "only these systems, separated by commas; terminal compares web-pty with ttyd instead",
      list,
    )
    .option("--runs <names>", `only these runs, of ${RUN_NAMES.join(", ")}; default: all`, runsNamed)
    .option("--rounds <count>", "how often to measure every system; default: 3", count)
    .addOption(
      new Option("--engines <set>", "the observatory's engine set")
        .choices(["full", "embedded"] as const)
        .default("full" as const),
    )
    .option(
      "--growth",
      "instead measure queries and claims at 10,000, 100,000 and 1,000,000 past jobs, and a simulated day of retention, on one PostgreSQL; takes about 15 minutes",
    )
    .option(
      "--sizes <counts>",
      "history sizes for --growth",
      (text) => list(text).map(count),
      [10_000, 100_000, 1_000_000],
    )
    .option("--quick", "shorter defaults: 1 round, 2000 jobs, 5 s, 400 sleeping jobs")
    .parse(args, { from: "user" })
    .opts();
  const { engines, quick } = values;
  return {
    jobs: values.jobs ?? (quick ? 2_000 : 20_000),
    batchSize: values.batch,
    rateSeconds: values.seconds ?? (quick ? 5 : 10),
    sleepJobs: values.sleepJobs ?? (quick ? 400 : 2_000),
    slots: values.slots,
    only: values.only ?? null,
    runs: values.runs ?? RUN_NAMES,
    rounds: values.rounds ?? (quick ? 1 : 3),
    engines,
    growth: values.growth ? values.sizes : null,
  };
}

const list = (text: string) => text.split(",").map((part) => part.trim());

function runsNamed(text: string): readonly RunName[] {
  return list(text).map((part) => {
    const run = RUN_NAMES.find((name) => name === part);
    if (!run) throw new InvalidArgumentError(`${part} is none of ${RUN_NAMES.join(", ")}.`);
    return run;
  });
}
