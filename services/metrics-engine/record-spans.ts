import type { JobEvent } from "../../contracts/events.ts";
import { isSampled } from "../../shared/traceparent.ts";
import type { Tracing } from "../../shared/tracing.ts";

/**
 * Starts the spans of recording a batch: one per job and parent span, since its events are stored together. Returns a
 * function that ends them.
 */
export function beginRecordSpans(tracing: Tracing, events: readonly JobEvent[]): (() => void) | undefined {
  if (!tracing.on) return undefined;
  const byParent = new Map<string, JobEvent[]>();
  for (const event of events) {
    const { traceparent } = event;
    if (!traceparent || !isSampled(traceparent)) continue;
    // Sibling jobs share the attempt that created them as their parent span.
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
