import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { JobRequest } from "../../../contracts/api-commands.ts";
import { pause } from "../../../shared/async.ts";
import { count, duration } from "../../../shared/format.ts";
import { describe, lengthOfTime, outputOption } from "../command-options.ts";
import { type CliContext, show } from "../context.ts";
import { CliError } from "../failure.ts";
import type { LoadReport } from "../outputs.ts";
import { readObject } from "../read-json.ts";
import { watchOutcomes } from "../watch-outcomes.ts";
import { checkLedger } from "./check-ledger.ts";
import { createHistogram } from "./histogram.ts";
import { histogramText, isGood, latencyOf, reportText } from "./report.ts";
import { sendLoad } from "./send.ts";

const MAX_JOBS = 1_000_000;
const MAX_RATE = 5_000;
const REDRAW_MS = 250;
const NOTE_EVERY_MS = 5_000;
/** How long to wait for open jobs after the last submission. */
const PATIENCE_MS = 60_000;

export function addLoad(program: Command, context: CliContext): void {
  describe(
    program.command("load"),
    "Send jobs at a steady rate, measure how long they take, and check every accepted id against the ledger",
    "load --rate 100 --duration 30s",
    'load --rate 20 --duration 1m --type hash --payload \'{"text":"x","rounds":1000}\' --output json',
  )
    .addOption(new Option("-r, --rate <number>", "jobs per second").argParser(rateOf).default(10))
    .addOption(
      new Option("-d, --duration <time>", "how long to send jobs")
        .argParser(lengthOfTime)
        .default(10_000, "10s"),
    )
    .option("-t, --type <type>", "the job type", "sleep")
    .option("-p, --payload <json>", "the payload: JSON, @FILE, or @- for stdin; default: the type's example")
    .addOption(outputOption())
    .action(async ({ rate, duration: durationMs, type, payload, output }) => {
      if ((rate * durationMs) / 1_000 > MAX_JOBS)
        throw new CliError(2, `That is more than ${count(MAX_JOBS)} jobs`, "Lower the rate or the duration");
      const job = {
        type,
        payload:
          payload === undefined
            ? await exampleOf(context, type)
            : await readObject("--payload", payload, context),
      };
      const report = await runLoad(context, job, rate, durationMs, output === "text");
      if (!isGood(report)) context.exitCode = 1;
      show(context, output, report, reportText);
    });
}

async function runLoad(
  context: CliContext,
  job: JobRequest,
  ratePerSecond: number,
  durationMs: number,
  isShown: boolean,
): Promise<LoadReport> {
  const { client, signal } = context;
  const finished = new AbortController();
  const due = new Map<string, number>();
  const accepted = new Set<string>();
  const accept = createHistogram();
  const total = createHistogram();
  const refused: Record<string, number> = {};
  const ended: Record<string, number> = {};
  const outcomes = watchOutcomes(client, AbortSignal.any([signal, finished.signal]), (jobId, status) => {
    ended[status] = (ended[status] ?? 0) + 1;
    total.add(performance.now() - (due.get(jobId) ?? 0));
    due.delete(jobId);
  });
  await outcomes.ready;

  const screen = createScreen(context, isShown, () => [
    `${count(accepted.size)} accepted, ${count(total.count)} ended, p99 ${duration(total.quantile(0.99))}`,
    total.count > 0 ? histogramText(total, context.style) : "",
  ]);
  const startedAt = performance.now();
  try {
    const sent = await sendLoad({
      client,
      job,
      ratePerSecond,
      durationMs,
      signal,
      onAccepted(jobId, dueAt, ms) {
        accepted.add(jobId);
        accept.add(ms);
        due.set(jobId, dueAt);
        outcomes.expect(jobId);
      },
      onRefused: (code) => {
        refused[code] = (refused[code] ?? 0) + 1;
      },
    });
    const sentPerSecond = Math.round((sent * 10_000) / (performance.now() - startedAt)) / 10;
    await outcomes.allEnded(AbortSignal.timeout(PATIENCE_MS));
    const ledger = signal.aborted ? undefined : await checkLedger(client, accepted, outcomes.open, signal);
    return {
      type: job.type,
      ratePerSecond,
      sentPerSecond,
      sent,
      accepted: accepted.size,
      refused,
      ended,
      open: outcomes.open.size,
      accept: latencyOf(accept),
      total: latencyOf(total),
      ...(ledger && { ledger }),
    };
  } finally {
    finished.abort();
    screen.end();
  }
}

async function exampleOf({ client, signal }: CliContext, type: string): Promise<Record<string, unknown>> {
  const { jobTypes } = await client.gateway.listJobTypes({}, { signal });
  const known = jobTypes.find(({ name }) => name === type);
  if (known) return known.example;
  throw new CliError(
    3,
    `There is no job type ${type}`,
    `Choose one of ${jobTypes.map(({ name }) => name).join(", ")}`,
    "UNKNOWN_JOB_TYPE",
  );
}

/** Redraws a summary and a chart in place on a terminal; elsewhere prints the summary to stderr every five seconds. */
function createScreen(context: CliContext, isShown: boolean, draw: () => readonly [string, string]) {
  const { isTerminal } = context;
  const stop = new AbortController();
  let lines = 0;
  const redraw = () => {
    const [line, chart] = draw();
    if (!isTerminal) return context.note(line);
    const text = chart ? `${line}\n${chart}` : line;
    context.line(`${lines > 0 ? `\x1b[${lines}A\x1b[J` : ""}${text}`);
    lines = text.split("\n").length;
  };
  const run = async () => {
    while (!stop.signal.aborted) {
      await pause(isTerminal ? REDRAW_MS : NOTE_EVERY_MS, stop.signal);
      if (!stop.signal.aborted) redraw();
    }
  };
  if (isShown) void run();
  return {
    end() {
      stop.abort();
      if (isShown && isTerminal) {
        redraw();
        context.line("");
      }
    },
  };
}

function rateOf(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= MAX_RATE) return value;
  throw new InvalidArgumentError(`Expected a number of jobs per second, up to ${count(MAX_RATE)}.`);
}
