import type { Static, TObject } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { JobTypeInfo, RetryPolicy } from "../../contracts/job-type.ts";
import { askedPayload } from "./asked-payload.ts";

/** A child job of a fan-out. */
export interface ChildRequest {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Names the child among those of this run. Without it, type and payload do, and its place among equals. */
  readonly key?: string;
}

/** What a handler gets beside its payload. */
export interface JobContext {
  readonly jobId: string;
  /** 1 for the first try of this run of the job. */
  readonly tryNumber: number;
  /** Aborts when the job is cancelled, its deadline has passed, or the processor stops waiting for it during its own stop. */
  readonly signal: AbortSignal;
  /** Addresses that `http-check` may reach. */
  readonly allowedAddresses: { check(address: string, family: "ipv4" | "ipv6"): boolean };
  /** How far it is, 0 to 1; written at most twice a second. */
  progress(fraction: number, note?: string): void;
  /** A line for people, kept with the attempt; the first 100 lines of at most 500 characters each. */
  log(message: string): void;
  /**
   * Submits children; resolves to their ids when the bus has them. Ids follow from this job, its run and the child's key,
   * so a handler that runs again after a crash makes no further jobs, whatever order it lists them in.
   */
  submit(children: readonly ChildRequest[]): Promise<readonly string[]>;
}

export interface JobType<P extends TObject = TObject> {
  /** Kebab case; the `type` of a job. */
  readonly name: string;
  readonly version: string;
  /** What it does and what it is good for; the table of types in the README shows it. */
  readonly description: string;
  readonly payload: P;
  readonly example: Readonly<Record<string, unknown>>;
  /** Payloads that the schema must refuse, beside those that tests derive from it (a missing field, a value out of bounds). */
  readonly badExamples?: readonly unknown[];
  readonly retry: RetryPolicy;
  /** Milliseconds that one attempt may take. */
  readonly deadlineMs: number;
  /**
   * Attempts that one processor runs at a time; without it, as many as it has slots. A handler with a pool of its own
   * names the pool's size here: what would wait for the pool waits in the queue, at the cost of no slot and no deadline.
   */
  readonly maxRunning?: number;
  /**
   * Do the work; the result is kept with the job, at most 64 KiB of JSON. Throwing fails the attempt; a
   * {@link JobFailure} says with which code and whether trying again can help. May run again after a crash.
   */
  run(payload: Static<P>, context: JobContext): Promise<unknown>;
}

/** Define a job type: one file of this folder is one job type. */
export function defineJobType<P extends TObject>(jobType: JobType<P>): JobType {
  return jobType as unknown as JobType;
}

/** The failure of an attempt, as its handler reports it. */
export class JobFailure extends Error {
  override readonly name = "JobFailure";
  constructor(
    readonly code: string,
    message: string,
    readonly options: { readonly retryable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
}

/** A payload with the schema's defaults filled in. */
export function withDefaults(
  jobType: JobType,
  payload: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Value.Default(jobType.payload, structuredClone(payload)) as Record<string, unknown>;
}

/** What `GET /job-types` shows of a type. */
export function describeJobType({
  name,
  version,
  description,
  retry,
  deadlineMs,
  payload,
  example,
}: JobType): JobTypeInfo {
  return {
    name,
    version,
    description,
    retry,
    deadlineMs,
    payloadSchema: JSON.parse(JSON.stringify(askedPayload(payload))),
    example,
  };
}
