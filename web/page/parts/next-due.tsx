import { statusWord } from "../../../contracts/status-words.ts";
import { client } from "../client.ts";
import { useQuery } from "../query.ts";
import { Countdown } from "./countdown.tsx";

type Waiting = "SCHEDULED" | "RETRYING";

/**
 * The most jobs to load. If there are more, no due time is shown: the API sorts jobs by age, so which job is due next
 * is known only after all of them have been loaded.
 */
const MOST = 200;
const EVERY_MS = 4_000;
const OTHERWISE = { SCHEDULED: "waiting for their time", RETRYING: "after a failed try" } as const;

/** Shows when the next scheduled or retrying job is due. */
export function NextDue({ status, jobs }: { status: Waiting; jobs: number }) {
  return jobs > 0 && jobs <= MOST ? <Next status={status} /> : OTHERWISE[status];
}

function Next({ status }: { status: Waiting }) {
  const { data } = useQuery(
    `next ${status}`,
    (signal) =>
      client.readModel.listJobs(
        { query: { filter: `status:${statusWord(status)}`, limit: MOST } },
        { signal },
      ),
    { everyMs: EVERY_MS },
  );
  const times = (data?.items ?? []).flatMap(({ runAt }) => runAt ?? []).sort();
  const [first] = data?.nextCursor ? [] : times;
  return first ? <Countdown until={first} before="next " /> : OTHERWISE[status];
}
