import type { Static, TObject } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { JobTypeInfo, RetryPolicy } from "../../contracts/job-type.ts";
import { requestSchemaOf } from "./request-schema.ts";

/** A child job of a fan-out. */
export interface ChildRequest {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /**
   * Identifies the child within this run. By default, the key combines the child's type, its payload and its position
   * among children with the same type and payload.
   */
  readonly key?: string;
}

/** A handler's second argument, after the payload. */
export interface JobContext {
  readonly jobId: string;
  /** The number of the try within this run of the job, from 1. */
  readonly tryNumber: number;
  /**
   * Aborts when the job is cancelled, when its deadline passes, when a stopping processor no longer waits for it, or
   * when this worker was presumed dead.
   */
  readonly signal: AbortSignal;
  /** The IP addresses that `http-check` may connect to. */
  readonly allowedAddresses: { check(address: string, family: "ipv4" | "ipv6"): boolean };
  /** Reports progress from 0 to 1. It is stored at most twice a second. */
  progress(fraction: number, note?: string): void;
  /** Adds a human-readable log line to the attempt, which keeps its first 100 lines of at most 500 characters each. */
  log(message: string): void;
  /**
   * Submits children, and resolves to their ids once the bus has confirmed them. Ids are derived from this job, its run
   * and the child's key, so a handler that reruns after a crash creates no duplicates, even if it submits the children
   * in a different order.
   */
  submit(children: readonly ChildRequest[]): Promise<readonly string[]>;
}

export interface JobType<P extends TObject = TObject> {
  /** The `type` of its jobs, in kebab case. */
  readonly name: string;
  readonly version: string;
  /** What the job type does and what it is useful for; docs/job-types.md shows this text. */
  readonly description: string;
  readonly payload: P;
  readonly example: Readonly<Record<string, unknown>>;
  /**
   * Payloads that the schema must refuse, besides those that tests derive from the schema (such as a missing field or a
   * value out of bounds).
   */
  readonly badExamples?: readonly unknown[];
  readonly retry: RetryPolicy;
  /** How long one attempt may take. */
  readonly deadlineMs: number;
  /**
   * How many attempts of this type one processor runs at once; defaults to its number of slots. A handler with its own
   * pool sets this to the pool's size. Its jobs then wait in the queue; if they waited for the pool instead, each would
   * occupy a slot and use up its deadline.
   */
  readonly maxRunning?: number;
  /**
   * Does the work. The result is kept with the job, as at most 64 KiB of JSON. Throwing fails the attempt; a
   * {@link JobFailure} sets the error code and whether a retry can help. The handler may run again after a crash.
   */
  run(payload: Static<P>, context: JobContext): Promise<unknown>;
}

/** Defines a job type. Each job type is the default export of its own file in this folder. */
export function defineJobType<P extends TObject>(jobType: JobType<P>): JobType {
  return jobType as unknown as JobType;
}

/** Thrown by a handler to fail its attempt with an error code. */
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

/** Returns a copy of a payload with the schema's defaults filled in. */
export function withDefaults(
  jobType: JobType,
  payload: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Value.Default(jobType.payload, structuredClone(payload)) as Record<string, unknown>;
}

/** Describes a job type for `GET /job-types`. */
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
    payloadSchema: JSON.parse(JSON.stringify(requestSchemaOf(payload))),
    example,
  };
}
