import { parseOptions } from "../../shared/command-line.ts";

export interface BenchOptions {
  jobs: number;
  batchSize: number;
  rateSeconds: number;
  sleepJobs: number;
  slots: number;
  only: string[] | null;
  engines: "full" | "embedded";
}

export const usageText = `Usage: bun run bench [options]

Measures the observatory beside graphile-worker, pg-boss and BullMQ, each behind the same HTTP POST,
one after the other on fresh private engines. Prints a table and writes JSON under artifacts/bench/.

  --jobs N          no-op jobs per throughput run (default 20000)
  --batch N         jobs per bulk request (default 100)
  --seconds N       length of each of the 50/s and 500/s runs (default 20)
  --sleep-jobs N    jobs of 100 ms on two workers (default 2000)
  --slots N         jobs at a time per worker in that run (default 20)
  --only A,B        only these systems, by name
  --engines KIND    what the observatory runs on: full or embedded (default full)
  --quick           a short look: 2000 jobs, 5 s, 400 sleeping jobs, unless said otherwise
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
      engines: { type: "string", default: "full" },
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
    rateSeconds: wholeNumber("--seconds", values.seconds, quick ? 5 : 20),
    sleepJobs: wholeNumber("--sleep-jobs", values["sleep-jobs"], quick ? 400 : 2_000),
    slots: wholeNumber("--slots", values.slots, 20),
    only: values.only ? values.only.split(",").map((name) => name.trim()) : null,
    engines,
  };
}

function wholeNumber(option: string, text: string | undefined, byDefault: number): number {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${option} is ${text}, wanted a whole number ≥ 1`);
  return value;
}
