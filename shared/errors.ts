import { PROBLEMS, type ProblemCode } from "../contracts/problem.ts";

export interface AppErrorOptions {
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly { path: string; message: string }[];
  readonly cause?: unknown;
  /** How long a caller should wait before a retry; sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/**
 * A refusal with a code from the problem catalog. Use cases throw it, and each edge (HTTP, bus, WebSocket) translates
 * it once into its own terms.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly facts: Readonly<Record<string, unknown>> | undefined;
  readonly errors: readonly { path: string; message: string }[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ProblemCode,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.facts = options.facts;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds ?? (PROBLEMS[code].retryable ? 1 : undefined);
  }

  /** Whether the same request, unchanged, may succeed later. */
  get retryable(): boolean {
    return PROBLEMS[this.code].retryable;
  }
}

/** Returns the message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
