import { messageOf } from "../../shared/errors.ts";
import type { Tracing } from "../../shared/tracing.ts";
import type { Caller } from "./submit-job.ts";

/** What the gateway adds to the trace of a job: the request, and within it the way to the bus. */
export interface JobTrace {
  /** Parent of what consumers of the event do. */
  readonly traceparent: string;
  /** `published` is false for a request that was known already. */
  end(published: boolean): void;
  fail(error: unknown): void;
}

/**
 * Begin the trace of a job, or go on with its caller's; undefined when it is not sampled. The jobs of a batch have a
 * trace each, which begins with their way to the bus.
 */
export function beginTrace(
  tracing: Tracing,
  jobId: string,
  jobType: string,
  { traceparent, batch }: Caller,
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
