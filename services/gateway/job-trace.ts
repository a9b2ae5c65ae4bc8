import { messageOf } from "../../shared/errors.ts";
import type { Tracing } from "../../shared/tracing.ts";

/** The gateway's spans in a job's trace: the request span and the publish span inside it. */
export interface JobTrace {
  /** Parent context of the consumers' spans. */
  readonly traceparent: string;
  /** `published` is false for a repeated request: its job was already published for the first request. */
  end(published: boolean): void;
  fail(error: unknown): void;
}

/**
 * Starts a job's trace or continues the caller's. Returns undefined when tracing is off or the trace is not sampled.
 * Each job of a batch gets its own trace, which starts with the publish span.
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
