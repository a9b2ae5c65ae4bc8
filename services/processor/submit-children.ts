import { childJobId } from "../../contracts/ids.ts";
import { TOPOLOGY } from "../../contracts/topology.ts";
import type { Bus } from "../../shared/bus/port.ts";
import { type EventMaker, joinEnvelopes } from "../../shared/event.ts";
import { checkedPayload, createdEvent, jobTypeNamed } from "../../shared/job-request.ts";
import type { RunPorts } from "./run-job.ts";

/** Children enter by the front door, like any job; ids that follow from the parent keep a second run from making more. */
export function createChildSubmitter(bus: Bus, makeEvent: EventMaker): RunPorts["submit"] {
  return async (parent, children) => {
    const events = children.map(({ type, payload }, index) =>
      createdEvent(
        makeEvent,
        {
          jobId: childJobId(parent.id, parent.run, index),
          jobType: type,
          payload: checkedPayload(jobTypeNamed(type), payload),
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
