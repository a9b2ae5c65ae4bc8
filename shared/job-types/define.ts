import type { Static, TObject } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { JobTypeInfo, RetryPolicy } from "../../contracts/job-type.ts";
import { requestSchemaOf } from "./request-schema.ts";

/** A child job of a fan-out. */
export interface ChildRequest {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Identifies the child within this run. Without it, type, payload and position among equals do. */
  readonly key?: string;
}

/** What a handler receives besides its payload. */
export interface JobContext {
  readonly jobId: string;
  /** 1 for the first try of this run of the job. */
  readonly tryNumber: number;
  /**
   * Aborts when the job is cancelled, its deadline has passed, or the processor stops waiting for it during its own
   * stop.
   */
  readonly signal: AbortSignal;
  /** Addresses that `http-check` may reach. */
  readonly allowedAddresses: { check(address: string, family: "ipv4" | "ipv6"): boolean };
  /** Reports progress from 0 to 1; stored at most twice a second. */
  progress(fraction: number, note?: string): void;
  /** Adds a line for people, kept with the attempt; the first 100 lines of at most 500 characters each. */
  log(message: string): void;
  /**
   * Submits children; resolves to their ids when the bus has them. Ids follow from this job, its run and the child's
   * key, so a handler that runs again after a crash makes no further jobs, whatever order it lists them in.
   */
  submit(children: readonly ChildRequest[]): Promise<readonly string[]>;
}

export interface JobType<P extends TObject = TObject> {
  /** Kebab case; the `type` of a job. */
  readonly name: string;
  readonly version: string;
  /** What it does and what it is useful for; docs/job-types.md shows it. */
  readonly description: string;
  readonly payload: P;
  readonly example: Readonly<Record<string, unknown>>;
  /**
   * Payloads that the schema must refuse, besides those that tests derive from it (a missing field, a value out of
   * bounds).
   */
  readonly badExamples?: readonly unknown[];
  readonly retry: RetryPolicy;
  /** Milliseconds that one attempt may take. */
  readonly deadlineMs: number;
  /**
   * How many attempts one processor runs at once; without it, as many as it has slots. A handler with its own pool
   * sets this to the pool's size: jobs that would wait for the pool then wait in the queue, without taking a slot or
   * using up their deadline.
   */
  readonly maxRunning?: number;
  /**
   * Does the work; the result is kept with the job, at most 64 KiB of JSON. Throwing fails the attempt; a {@link
   * JobFailure} says with which code and whether a retry can help. May run again after a crash.
   */
  run(payload: Static<P>, context: JobContext): Promise<unknown>;
}

/** Defines a job type: each file of this folder is one job type. */
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

/** The description of a type in `GET /job-types`. */
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
