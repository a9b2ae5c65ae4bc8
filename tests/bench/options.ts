import { parseOptions } from "../../shared/command-line.ts";
import { type RunName, runNames } from "./runs.ts";

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
  /** Sizes of history at which answers are measured, instead of the runs. */
  growth: readonly number[] | null;
}

export const usageText = `Usage: bun run bench [options]

Measures the observatory beside graphile-worker, pg-boss, BullMQ and bunqueue, each behind the same HTTP
POST and on fresh private engines, in rounds of all systems. Prints the medians over the rounds and writes
JSON under artifacts/bench/. The defaults take about 25 minutes.

  --jobs N          no-op jobs per throughput run (default 20000)
  --batch N         jobs per bulk request (default 100)
  --seconds N       length of each of the 50/s and 500/s runs (default 10)
  --sleep-jobs N    jobs of 100 ms on two workers (default 2000)
  --slots N         jobs at a time per worker in that run (default 20)
  --only A,B        only these systems, by name; --only terminal measures web-pty beside ttyd instead
  --runs A,B        only these of singles, batches, rate-50, rate-500, sleep-100ms
  --rounds N        rounds of all systems (default 3)
  --engines KIND    what the observatory runs on: full or embedded (default full)
  --growth          measure queries and claims at 10,000, 100,000 and 1,000,000 past jobs instead, and a day's
                    retention in short; on one PostgreSQL, about 15 minutes
  --sizes A,B       other sizes for it
  --quick           a short look: 1 round, 2000 jobs, 5 s, 400 sleeping jobs, unless said otherwise
  --help            this text`;

/** Parses the command line; null when help was asked for. Throws a sentence that names a faulty option. */
export function parseBenchOptions(args: string[]): BenchOptions | null {
  const { values } = parseOptions({
    args,
    options: {
      jobs: { type: "string" },
      batch: { type: "string" },
      seconds: { type: "string" },
      "sleep-jobs": { type: "string" },
      slots: { type: "string" },
      only: { type: "string" },
      runs: { type: "string" },
      rounds: { type: "string" },
      engines: { type: "string", default: "full" },
      growth: { type: "boolean", default: false },
      sizes: { type: "string" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const { engines, quick } = values;
  if (engines !== "full" && engines !== "embedded") {
    throw new Error(`--engines is ${JSON.stringify(engines)}, wanted full or embedded`);
  }
  return {
    jobs: wholeNumber("--jobs", values.jobs, quick ? 2_000 : 20_000),
    batchSize: wholeNumber("--batch", values.batch, 100),
    rateSeconds: wholeNumber("--seconds", values.seconds, quick ? 5 : 10),
    sleepJobs: wholeNumber("--sleep-jobs", values["sleep-jobs"], quick ? 400 : 2_000),
    slots: wholeNumber("--slots", values.slots, 20),
    only: values.only ? values.only.split(",").map((name) => name.trim()) : null,
    runs: values.runs ? runsNamed(values.runs) : runNames,
    rounds: wholeNumber("--rounds", values.rounds, quick ? 1 : 3),
    engines,
    growth: values.growth
      ? (values.sizes ?? "10000,100000,1000000").split(",").map((size) => wholeNumber("--sizes", size, 0))
      : null,
  };
}

function runsNamed(text: string): RunName[] {
  return text.split(",").map((part) => {
    const run = runNames.find((name) => name === part.trim());
    if (!run) throw new Error(`--runs names ${part.trim()}, wanted of ${runNames.join(", ")}`);
    return run;
  });
}

function wholeNumber(option: string, text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${option} is ${text}, wanted a whole number ≥ 1`);
  return value;
}
