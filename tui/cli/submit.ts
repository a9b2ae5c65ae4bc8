import { type Command, Option } from "@commander-js/extra-typings";
import { type JobRequest, MAX_BATCH_JOBS } from "../../contracts/api-commands.ts";
import { PROBLEMS, type Problem } from "../../contracts/problem.ts";
import { ApiError } from "../../shared/api-client/api-error.ts";
import type { ApiClient } from "../../shared/api-client/client.ts";
import { wholeNumber } from "../../shared/command-line.ts";
import { sanitize } from "../text.ts";
import { safeJson } from "./clean-text.ts";
import { describe, lengthOfTime, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";
import { CliError } from "./failure.ts";
import type { SubmitReport } from "./outputs.ts";
import { readObject } from "./read-json.ts";
import type { Style } from "./style.ts";
import { watchOutcomes } from "./watch-outcomes.ts";
import { status as statusText } from "./words.ts";

const MAX_COUNT = 100_000;

export function addSubmit(program: Command, context: CliContext): void {
  describe(
    program.command("submit"),
    "Submit jobs and print their ids; with --wait, also their outcomes",
    "submit sleep --payload '{\"ms\":100}'",
    "submit hash --payload @payload.json --count 1000 --wait",
  )
    .argument("<type>", "the job type; an unknown type lists the known ones")
    .option("-p, --payload <json>", "the payload: JSON, @FILE, or @- for stdin")
    .option("-m, --metadata <json>", "metadata to keep with the job: JSON, @FILE, or @- for stdin")
    .addOption(
      new Option("-c, --count <count>", "number of jobs").argParser(wholeNumber(1, MAX_COUNT)).default(1),
    )
    .addOption(new Option("--priority <number>", "0 to 9; 9 is served first").argParser(wholeNumber(0, 9)))
    .option("--run-at <time>", "earliest start, an RFC 3339 time")
    .addOption(
      new Option("--max-attempts <count>", "tries before the job fails").argParser(wholeNumber(1, 100)),
    )
    .addOption(new Option("--deadline <time>", "time limit of one try").argParser(lengthOfTime))
    .option("-k, --idempotency-key <key>", "submitting again with the same key returns the same job")
    .option("-w, --wait", "wait until the jobs end; exits with 1 if one did not complete")
    .addOption(outputOption())
    .action(async (type, options) => {
      const { payload, metadata, count, idempotencyKey, wait, output } = options;
      if (idempotencyKey !== undefined && count > 1)
        throw new CliError(
          2,
          `One idempotency key was passed for ${count} jobs`,
          "Leave out --count or the key",
        );
      const job: JobRequest = {
        type,
        payload: payload === undefined ? undefined : await readObject("--payload", payload, context),
        metadata: metadata === undefined ? undefined : await readObject("--metadata", metadata, context),
        priority: options.priority,
        runAt: options.runAt,
        maxAttempts: options.maxAttempts,
        deadlineMs: options.deadline === undefined ? undefined : Math.round(options.deadline),
      };
      const outcomes = wait ? watchOutcomes(context.client, context.signal) : undefined;
      await outcomes?.ready;
      const report = await submit(context, job, count, idempotencyKey);
      if (report.refused > 0) context.exitCode = 1;
      if (!outcomes) return show(context, output, report, submitText);
      for (const { jobId } of report.jobs) outcomes.expect(jobId);
      await outcomes.allEnded(context.signal);
      context.signal.throwIfAborted();
      const { ended } = outcomes;
      if ([...ended.values()].some((status) => status !== "COMPLETED")) context.exitCode = 1;
      const jobs = report.jobs.map((one) => ({ ...one, status: ended.get(one.jobId) }));
      show(context, output, { ...report, jobs }, submitText);
    });
}

async function submit(
  { client, signal }: CliContext,
  job: JobRequest,
  count: number,
  key: string | undefined,
): Promise<SubmitReport> {
  if (count === 1) {
    try {
      const headers = key === undefined ? undefined : { "idempotency-key": key };
      const accepted = await client.gateway.submitJob({ body: job, headers }, { signal });
      return { accepted: 1, refused: 0, jobs: [accepted], problems: [] };
    } catch (error) {
      throw await withExample(error, job.type, client);
    }
  }
  return submitMany(client, signal, job, count);
}

async function submitMany(
  client: ApiClient,
  signal: AbortSignal,
  job: JobRequest,
  count: number,
): Promise<SubmitReport> {
  const jobs: { jobId: string; eventId: string }[] = [];
  const problems: Problem[] = [];
  // The jobs are identical, so a permanent refusal of one applies to all the others.
  for (let left = count; left > 0 && !problems.some(isForGood); left -= MAX_BATCH_JOBS) {
    const batch = Array.from({ length: Math.min(left, MAX_BATCH_JOBS) }, () => job);
    const reply = await client.gateway.submitBatch({ body: { jobs: batch } }, { signal, timeoutMs: 60_000 });
    for (const result of reply.results)
      if ("problem" in result) problems.push(result.problem);
      else jobs.push({ jobId: result.jobId, eventId: result.eventId });
  }
  const refusal = jobs.length === 0 && problems.find(isForGood);
  if (refusal) throw await withExample(errorOf(refusal), job.type, client);
  return { accepted: jobs.length, refused: problems.length, jobs, problems };
}

function isForGood({ code }: Problem): boolean {
  const { status, retryable } = PROBLEMS[code];
  return status < 500 && !retryable;
}

const errorOf = (problem: Problem) =>
  new ApiError(problem.code, problem.detail ?? problem.title, { status: problem.status, problem });

/** Adds the names of the known types to a refusal or, if the type is known, an example payload. */
async function withExample(error: unknown, type: string, client: ApiClient): Promise<unknown> {
  if (
    !(error instanceof ApiError) ||
    (error.code !== "UNKNOWN_JOB_TYPE" && error.code !== "VALIDATION_FAILED")
  )
    return error;
  const { jobTypes } = await client.gateway.listJobTypes();
  const known = jobTypes.find(({ name }) => name === type);
  const remedy = known
    ? `An example for ${type}: --payload '${safeJson(known.example)}'`
    : `Choose one of ${jobTypes.map(({ name }) => name).join(", ")}`;
  return new CliError(3, error.detail, remedy, error.code);
}

function submitText({ jobs, problems }: SubmitReport, style: Style): string {
  const lines = jobs.map(({ jobId, status }) => (status ? `${jobId}  ${statusText(status, style)}` : jobId));
  const causes = new Map<string, number>();
  for (const { code, title, detail } of problems) {
    const cause = `${code}: ${sanitize(detail ?? title)}`;
    causes.set(cause, (causes.get(cause) ?? 0) + 1);
  }
  for (const [cause, count] of causes) lines.push(style.paint.red(`${count} refused, ${cause}`));
  return lines.join("\n");
}
