import { childJobId } from "../../contracts/ids.ts";
import { TOPOLOGY } from "../../contracts/topology.ts";
import type { Bus } from "../../shared/bus/port.ts";
import { checkedPayload, jobTypeNamed } from "../../shared/checked-payload.ts";
import { createdEvent } from "../../shared/created-event.ts";
import { type EventMaker, joinEnvelopes } from "../../shared/event.ts";
import { checkPayloadBounds, MAX_PAYLOAD_BYTES } from "../../shared/payload-bounds.ts";
import { createChildKeys } from "./child-keys.ts";
import type { ClaimedJob } from "./job.ts";
import type { RunPorts } from "./run-job.ts";

/**
 * Creates the function that submits children like any other job. A child's id is derived from its parent's id and run,
 * so a repeated attempt creates no duplicates. Children with equal content are told apart by a number. The counter
 * belongs to the `parent` object, so callers must pass the same object throughout an attempt.
 */
export function createChildSubmitter(bus: Bus, makeEvent: EventMaker): RunPorts["submit"] {
  const keysOfAttempts = new WeakMap<ClaimedJob, ReturnType<typeof createChildKeys>>();

  return async (parent, children) => {
    const keyOf = keysOfAttempts.get(parent) ?? createChildKeys();
    keysOfAttempts.set(parent, keyOf);
    const checked = children.map((child) => ({
      ...child,
      payload: withinBounds(checkedPayload(jobTypeNamed(child.type), child.payload)),
    }));
    const events = checked.map((child) =>
      createdEvent(
        makeEvent,
        {
          jobId: childJobId(parent.id, parent.run, keyOf(child)),
          jobType: child.type,
          payload: child.payload,
          parentId: parent.id,
          originId: parent.id,
          originKind: "fan-out",
        },
        { correlationId: parent.correlationId, traceparent: parent.traceparent ?? undefined },
      ),
    );
    const { maxEventsPerMessage } = TOPOLOGY;
    for (let i = 0; i < events.length; i += maxEventsPerMessage)
      await bus.publish(
        "jobs.created",
        joinEnvelopes(events.slice(i, i + maxEventsPerMessage).map((event) => JSON.stringify(event))),
      );
    return events.map((event) => event.payload.jobId);
  };
}

/**
 * Applies the bounds for submitted payloads to a child, because a child with a payload that the store cannot hold would
 * be published but never become a row.
 */
function withinBounds(payload: Record<string, unknown>): Record<string, unknown> {
  checkPayloadBounds(payload, MAX_PAYLOAD_BYTES, "/payload");
  return payload;
}
