import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import { type Answer, unlessUnavailable } from "./unless-unavailable.ts";

/** Maximum number of one job's events in a reply: more than any retry policy produces, yet a reasonable size. */
const MAX_EVENTS = 1_000;
const PAGE = 500;
/** A request for a job waits only this long for the events of the job, and then returns the job without them. */
const TIMEOUT_MS = 2_000;

/** Returns a job's first {@link MAX_EVENTS} events in sequence order, or the name of the unavailable engine. */
export function eventsOfJob(
  observations: ObservationReader,
  jobId: string,
): Promise<Answer<readonly EventEnvelope[]>> {
  return unlessUnavailable(collect(observations, jobId), { withinMs: TIMEOUT_MS, engine: "events" });
}

async function collect(observations: ObservationReader, jobId: string): Promise<readonly EventEnvelope[]> {
  const found: EventEnvelope[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<ObservationReader["events"]>> = await observations.events({
      jobId,
      limit: PAGE,
      ...(cursor !== null && { cursor }),
    });
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null && found.length < MAX_EVENTS);
  return found;
}
