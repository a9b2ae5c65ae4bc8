import { createHash } from "node:crypto";
import type { AttemptError, LogLine } from "../../contracts/job.ts";
import { orAbort } from "../../shared/async.ts";
import { checkedPayload } from "../../shared/checked-payload.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import { type JobContext, JobFailure, type JobType } from "../../shared/job-types/define.ts";
import { isTooDeep, MAX_DEPTH } from "../../shared/payload-bounds.ts";
import { printedBytes } from "../../shared/printed-size.ts";
import { originOf } from "./error-origin.ts";
import type { ClaimedJob, EndedAttempt, Ending } from "./job.ts";
import { storableJson, storableText } from "./storable-json.ts";

const MAX_LOG_LINES = 100;
const MAX_LOG_LENGTH = 500;
const MAX_NOTE_LENGTH = 200;
const MAX_CODE_LENGTH = 64;
const MAX_RESULT_BYTES = 65_536;
const MAX_MESSAGE_LENGTH = 2_000;

/** The reason why a running job's signal was aborted. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  constructor(readonly kind: "cancelled" | "deadline" | "stopping" | "superseded") {
    super(kind);
  }
}

export interface RunPorts {
  readonly allowedAddresses: JobContext["allowedAddresses"];
  readonly now: () => Date;
  readonly submit: (
    parent: ClaimedJob,
    children: Parameters<JobContext["submit"]>[0],
  ) => Promise<readonly string[]>;
  readonly onProgress: (job: ClaimedJob, progress: string) => void;
}

/**
 * Runs one attempt and enforces its deadline. Never rejects, because an error of the handler becomes the outcome of the
 * attempt. When `interrupt` aborts, its reason is an {@link Interruption}, which tells how the attempt ends.
 */
export async function runJob(
  job: ClaimedJob,
  jobType: JobType | undefined,
  interrupt: AbortSignal,
  ports: RunPorts,
): Promise<EndedAttempt> {
  const startedAt = performance.now();
  const logs: LogLine[] = [];
  const ending = jobType
    ? await attempt(job, jobType, interrupt, ports, logs)
    : failure(
        { code: "UNKNOWN_JOB_TYPE", message: `This processor does not know the job type ${job.type}` },
        false,
      );
  return {
    job,
    ending,
    finishedAt: ports.now(),
    durationMs: Math.round((performance.now() - startedAt) * 1_000) / 1_000,
    logs: storableJson(JSON.stringify(logs)),
  };
}

async function attempt(
  job: ClaimedJob,
  jobType: JobType,
  interrupt: AbortSignal,
  ports: RunPorts,
  logs: LogLine[],
): Promise<Ending> {
  const controller = new AbortController();
  const onInterrupt = () => controller.abort(interrupt.reason);
  if (interrupt.aborted) onInterrupt();
  interrupt.addEventListener("abort", onInterrupt, { once: true });
  const deadline = setTimeout(() => controller.abort(new Interruption("deadline")), job.deadlineMs);

  const context: JobContext = {
    jobId: job.id,
    tryNumber: job.tries + 1,
    signal: controller.signal,
    allowedAddresses: ports.allowedAddresses,
    progress(fraction, note) {
      const progress = {
        fraction: Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0,
        ...(note && { note: note.slice(0, MAX_NOTE_LENGTH) }),
        at: ports.now().toISOString(),
      };
      ports.onProgress(job, storableJson(JSON.stringify(progress)));
    },
    log(message) {
      if (logs.length < MAX_LOG_LINES)
        logs.push({ at: ports.now().toISOString(), message: message.slice(0, MAX_LOG_LENGTH) });
      else if (logs.length === MAX_LOG_LINES)
        logs.push({
          at: ports.now().toISOString(),
          message: `All lines after the first ${MAX_LOG_LINES} were dropped`,
        });
    },
    submit: (children) => ports.submit(job, children),
  };

  try {
    // The payload is checked again, because intake may have known only an older version of the type, or none.
    const payload = checkedPayload(jobType, job.payload);
    // A handler that ignores its abort signal is abandoned: its attempt ends, and any result that it returns later is
    // discarded.
    const result = await orAbort(jobType.run(payload as never, context), controller.signal);
    return succeeded(result);
  } catch (error) {
    return endingOf(error, controller.signal, job);
  } finally {
    clearTimeout(deadline);
    interrupt.removeEventListener("abort", onInterrupt);
  }
}

/** Returns a success, or a failure if the result is too deep or too large to be recorded. */
function succeeded(result: unknown): Ending {
  if (isTooDeep(result))
    return failure(
      {
        code: "RESULT_TOO_DEEP",
        message: `The result is nested deeper than ${MAX_DEPTH} levels, or contains itself`,
      },
      false,
    );
  // JSON cannot express undefined, functions or symbols, so there is no result to keep.
  const text = JSON.stringify(result) ?? null;
  const bytes = text === null ? 0 : printedBytes(result, text);
  if (bytes > MAX_RESULT_BYTES)
    return failure(
      {
        code: "RESULT_TOO_LARGE",
        message: `The result has ${bytes} bytes as the job store writes it, without exponents in numbers; the limit is ${MAX_RESULT_BYTES}`,
      },
      false,
    );
  return { outcome: "succeeded", result: text === null ? null : storableJson(text) };
}

function endingOf(error: unknown, signal: AbortSignal, job: ClaimedJob): Ending {
  const reason = signal.aborted ? signal.reason : undefined;
  if (reason instanceof Interruption) {
    if (reason.kind === "cancelled") return { outcome: "cancelled" };
    if (reason.kind === "deadline")
      return {
        outcome: "timed-out",
        error: withFingerprint({
          code: "DEADLINE_EXCEEDED",
          message: `The attempt took longer than ${job.deadlineMs} ms`,
        }),
        retryable: true,
      };
    return {
      outcome: "lost",
      error: withFingerprint({
        code: "WORKER_STOPPED",
        message: "The worker stopped before the attempt ended",
      }),
      countsAsLoss: false,
    };
  }
  return failureOf(error);
}

/** Returns the ending for a thrown value, which may be a value that cannot be converted to text. */
function failureOf(thrown: unknown): Ending {
  // A temporary refusal, such as an unavailable bus, does not mean that the payload is invalid.
  if (thrown instanceof AppError && !thrown.retryable)
    return failure({ code: "INVALID_PAYLOAD", message: thrown.message }, false);
  try {
    const origin = originOf(thrown);
    if (thrown instanceof JobFailure)
      return failure(
        { ...origin, code: thrown.code, message: thrown.message },
        thrown.options.retryable ?? true,
      );
    return failure({ ...origin, code: "HANDLER_ERROR", message: messageOf(thrown) }, true);
  } catch {
    return failure(
      { code: "HANDLER_ERROR", message: "The handler threw a value that cannot be converted to text" },
      true,
    );
  }
}

function failure(error: AttemptError, retryable: boolean): Ending {
  return { outcome: "failed", error: withFingerprint(error), retryable };
}

/** Adds a fingerprint that ignores ids, numbers and quoted text in the message, so that similar errors share it. */
export function withFingerprint({ code, message, ...origin }: AttemptError): AttemptError {
  const text = storableText(message, MAX_MESSAGE_LENGTH);
  const shape = text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, "#")
    .replace(/\d+/g, "#")
    .replace(/"[^"]*"|'[^']*'/g, "#");
  const stable = storableText(code, MAX_CODE_LENGTH);
  return {
    ...origin,
    code: stable,
    message: text,
    fingerprint: createHash("sha256").update(`${stable}\n${shape}`).digest("hex").slice(0, 16),
  };
}
