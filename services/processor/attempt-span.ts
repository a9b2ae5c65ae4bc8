import type { Tracing } from "../../shared/tracing.ts";
import type { ClaimedJob, EndedAttempt } from "./job.ts";

export interface AttemptSpan {
  readonly traceparent: string;
  end(ended: EndedAttempt): void;
}

/**
 * Starts an attempt's span. Returns undefined when tracing is off or the job's trace is not sampled. `at` is when the
 * attempt started; by default, now.
 */
export function attemptSpan(tracing: Tracing, job: ClaimedJob, at?: Date): AttemptSpan | undefined {
  if (!tracing.on) return undefined;
  const span = tracing.span(`execute ${job.type}`, "internal", job.traceparent, at?.getTime());
  return (
    span && {
      traceparent: span.traceparent,
      end({ ending }) {
        span.end(
          {
            "job.id": job.id,
            "job.type": job.type,
            "job.run": job.run,
            "job.attempt": job.attempt,
            "job.outcome": ending.outcome,
            "job.queue_wait_ms": job.queueWaitMs,
            "worker.id": job.workerId,
            ...("error" in ending && { "error.type": ending.error.code }),
          },
          "error" in ending ? ending.error.message : undefined,
        );
      },
    }
  );
}
