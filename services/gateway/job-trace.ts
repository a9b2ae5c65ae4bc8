import { messageOf } from "../../shared/errors.ts";
import type { Tracing } from "../../shared/tracing.ts";

/** The gateway's part of a job's trace: the request, and within it the publishing. */
export interface JobTrace {
  /** Parent of the consumers' spans. */
  readonly traceparent: string;
  /** `published` is false for a request that was already known. */
  end(published: boolean): void;
  fail(error: unknown): void;
}

/**
 * Begins the trace of a job, or continues its caller's; undefined when it is not sampled. Each job of a batch has a
 * trace of its own, which begins with publishing.
 */
export function beginTrace(
  tracing: Tracing,
  jobId: string,
  jobType: string,
  { traceparent, batch = false }: { readonly traceparent?: string | undefined; readonly batch?: boolean },
): JobTrace | undefined {
  if (!tracing.on) return undefined;
  const first = (name: string, kind: "server" | "producer") =>
    traceparent === undefined ? tracing.begin(jobId, name, kind) : tracing.span(name, kind, traceparent);
  const request = batch ? undefined : first("POST /jobs", "server");
  const publish = batch
    ? first("publish jobs.created", "producer")
    : tracing.span("publish jobs.created", "producer", request?.traceparent);
  if (!publish) return undefined;

  const job = { "job.id": jobId, "job.type": jobType };
  const route = { ...job, "http.request.method": "POST", "http.route": "/jobs" };
  const destination = { ...job, "messaging.destination.name": "jobs.created" };
  return {
    traceparent: publish.traceparent,
    end(published) {
      if (published) publish.end(destination);
      request?.end({ ...route, "http.response.status_code": 202, "job.known": !published });
    },
    fail(error) {
      publish.end(destination, messageOf(error));
      request?.end(route, messageOf(error));
    },
  };
}
