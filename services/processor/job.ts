import type { AttemptError } from "../../contracts/job.ts";
import type { JobPosition } from "./history.ts";

/** A job that this processor holds: how far its history has come, and the fields needed to run it. */
export interface ClaimedJob extends JobPosition {
  readonly status: "EXECUTING";
  readonly payload: Readonly<Record<string, unknown>>;
  readonly workerId: string;
  readonly tries: number;
  readonly losses: number;
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  readonly deadlineMs: number;
  readonly createdAt: Date;
  readonly startedAt: Date;
  readonly queueWaitMs: number;
  readonly cancelRequested: boolean;
}

/** How an attempt ended, before it is decided what happens to its job. */
export type Ending =
  | { readonly outcome: "succeeded"; readonly result: string | null }
  | { readonly outcome: "failed" | "timed-out"; readonly error: AttemptError; readonly retryable: boolean }
  | { readonly outcome: "cancelled" }
  | { readonly outcome: "lost"; readonly error: AttemptError; readonly countsAsLoss: boolean };

export interface EndedAttempt {
  readonly job: ClaimedJob;
  readonly ending: Ending;
  readonly finishedAt: Date;
  readonly durationMs: number;
  /** The log lines as JSON. */
  readonly logs: string;
}
