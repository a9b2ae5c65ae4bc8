import type { JobDetail, Timeline } from "../../contracts/api-queries.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import { traceIdFor } from "../../shared/traceparent.ts";
import { eventsOfJob } from "./event-queries.ts";
import type { JobQueries } from "./job-queries.ts";
import { toJob } from "./job-row.ts";
import { timelineOf } from "./timeline.ts";

/** Both say in `unavailable` when the event store did not answer. They reject with JOB_NOT_FOUND or STORE_UNAVAILABLE. */
export function createJobDetail(jobs: JobQueries, observations: ObservationReader) {
  return {
    async detail(id: string): Promise<JobDetail> {
      const [row, transitions, attempts, children, events] = await Promise.all([
        jobs.row(id),
        jobs.transitions(id),
        jobs.attempts(id),
        jobs.children(id),
        eventsOfJob(observations, id),
      ]);
      return {
        ...toJob(row),
        transitions,
        attempts,
        children,
        events: [...(events.value ?? [])],
        unavailable: events.away === undefined ? [] : ["events"],
        traceId: traceIdFor(id, row.traceparent),
      };
    },

    async timeline(id: string): Promise<Timeline> {
      const [row, transitions, attempts, events] = await Promise.all([
        jobs.row(id),
        jobs.transitions(id),
        jobs.attempts(id),
        eventsOfJob(observations, id),
      ]);
      return {
        jobId: id,
        entries: timelineOf({
          createdAt: row.created_at.toISOString(),
          receivedAt: row.received_at.toISOString(),
          transitions,
          attempts,
          events: events.value ?? [],
        }),
        unavailable: events.away === undefined ? [] : ["events"],
      };
    },
  };
}
export type JobDetails = ReturnType<typeof createJobDetail>;
