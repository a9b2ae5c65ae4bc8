import type { JobDetail, Timeline } from "../../contracts/api-queries.ts";
import { AppError } from "../../shared/errors.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import { prunedProblem } from "../../shared/pruned-problem.ts";
import { traceIdFor } from "../../shared/traceparent.ts";
import type { DeadLetterQueries } from "./dead-letter-queries.ts";
import { eventsOfJob } from "./event-queries.ts";
import type { JobQueries } from "./job-queries.ts";
import { toJob } from "./job-row.ts";
import { detailWithoutRow, type Remains, timelineWithoutRow } from "./job-without-row.ts";
import { timelineOf } from "./timeline.ts";

/**
 * Reads a job's detail and timeline. If the event store does not respond, both replies list it in `unavailable`. For a
 * job that never became a row in the job store, both are built from its dead letter. Both calls reject with
 * JOB_NOT_FOUND, JOB_PRUNED or STORE_UNAVAILABLE.
 */
export function createJobDetail(
  jobs: JobQueries,
  deadLetters: Pick<DeadLetterQueries, "ofJob">,
  observations: ObservationReader,
) {
  /**
   * Collects the dead letter and events of a job without a row. Throws JOB_PRUNED for a deleted job. Rethrows `error`
   * if it is not JOB_NOT_FOUND or if there is no dead letter.
   */
  async function remainsOf(id: string, error: unknown): Promise<Remains> {
    if (!(error instanceof AppError && error.code === "JOB_NOT_FOUND")) throw error;
    const gone = await jobs.pruned(id);
    if (gone) throw prunedProblem(id, gone);
    const letter = await deadLetters.ofJob(id);
    if (!letter) throw error;
    const events = await eventsOfJob(observations, id);
    return {
      id,
      letter,
      events: events.value ?? [],
      unavailable: events.unavailable === undefined ? [] : ["events"],
    };
  }

  const ofRow = {
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
        unavailable: events.unavailable === undefined ? [] : ["events"],
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
        unavailable: events.unavailable === undefined ? [] : ["events"],
      };
    },
  };

  return {
    detail: (id: string): Promise<JobDetail> =>
      ofRow.detail(id).catch(async (error: unknown) => detailWithoutRow(await remainsOf(id, error))),
    timeline: (id: string): Promise<Timeline> =>
      ofRow.timeline(id).catch(async (error: unknown) => timelineWithoutRow(await remainsOf(id, error))),
  };
}
export type JobDetails = ReturnType<typeof createJobDetail>;
