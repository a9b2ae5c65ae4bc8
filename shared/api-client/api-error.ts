import { PROBLEMS, type Problem } from "../../contracts/problem.ts";
import { type ApiErrorCode, isProblemCode } from "./error-code.ts";
import { REMEDIES } from "./remedies.ts";

export interface ApiErrorOptions {
  readonly status?: number;
  /** The problem as the service sent it. */
  readonly problem?: Problem;
  /** How long the service says to wait before a retry. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A failed API call. `detail` describes the failure for people, and `remedy` says what to do about it. */
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

  /** Whether the same call, unchanged, may succeed later. */
  get retryable(): boolean {
    if (isProblemCode(this.code)) return PROBLEMS[this.code].retryable;
    return this.code !== "UNEXPECTED_REPLY" || (this.status ?? 0) >= 500;
  }
}
