import { PROBLEMS, type Problem, type ProblemCode } from "../../contracts/problem.ts";
import { REMEDIES } from "./remedies.ts";

/** What can go wrong before a service has refused anything. */
export type TransportCode = "UNREACHABLE" | "TIMED_OUT" | "UNEXPECTED_REPLY";
export type ApiErrorCode = ProblemCode | TransportCode;

export interface ApiErrorOptions {
  readonly status?: number;
  /** The problem as the service sent it. */
  readonly problem?: Problem;
  /** Milliseconds after which the service said that trying again is sensible. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A call of an API that failed. `detail` is a sentence for a person, `remedy` says what to do about it. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly remedy: string;
  readonly status: number | undefined;
  readonly problem: Problem | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: ApiErrorCode,
    readonly detail: string,
    { status, problem, retryAfterMs, cause }: ApiErrorOptions = {},
  ) {
    super(detail, cause === undefined ? undefined : { cause });
    this.remedy = REMEDIES[code];
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  get correlationId(): string | undefined {
    return this.problem?.correlationId;
  }

  /** Whether the same call may succeed later without a change. */
  get retryable(): boolean {
    if (isProblemCode(this.code)) return PROBLEMS[this.code].retryable;
    return this.code !== "UNEXPECTED_REPLY" || (this.status ?? 0) >= 500;
  }
}

export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === "string" && Object.hasOwn(PROBLEMS, code);
}
