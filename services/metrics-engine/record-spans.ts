import type { JobEvent } from "../../contracts/events.ts";
import { isSampled } from "../../shared/traceparent.ts";
import type { Tracing } from "../../shared/tracing.ts";

/**
 * Starts the spans for recording a batch of events. Events of one job with the same parent span share a span, because
 * they are stored together. Returns a function that ends the spans, or undefined when tracing is off.
 */
export function beginRecordSpans(tracing: Tracing, events: readonly JobEvent[]): (() => void) | undefined {
  if (!tracing.on) return undefined;
  const byParent = new Map<string, JobEvent[]>();
  for (const event of events) {
    const { traceparent } = event;
    if (!traceparent || !isSampled(traceparent)) continue;
    // The key includes the job's id, because sibling jobs have the same parent span: the attempt that created them.
    const key = `${traceparent} ${event.payload.jobId}`;
    const group = byParent.get(key);
    if (group) group.push(event);
    else byParent.set(key, [event]);
  }
  const spans = Array.from(byParent.values(), (group) => ({
    group,
    span: tracing.span("record events", "consumer", group[0]?.traceparent),
  }));
  return () => {
    for (const { group, span } of spans)
      span?.end({
        "job.id": group[0]?.payload.jobId ?? "",
        "messaging.destination.name": "events.observed",
        "events.types": group.map((event) => event.eventType).join(" "),
      });
  };
}
