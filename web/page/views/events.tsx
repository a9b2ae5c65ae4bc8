import { useState } from "preact/hooks";
import { tell } from "../../../shared/event-words.ts";
import { clock, shortId } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { Empty, Panel } from "../parts/panel.tsx";
import { Status } from "../parts/status.tsx";
import { useQuery } from "../query.ts";

const FRESH_MS = 1_500;

/** The newest events in words; a person can hold them still. */
export function NowPanel({ limit = 14 }: { limit?: number }) {
  const [frozen, setFrozen] = useState(false);
  const { data, error } = useQuery(
    `events ${limit}`,
    (signal) => client.readModel.listEvents({ query: { limit } }, { signal }),
    {
      frozen,
    },
  );
  const now = Date.now();
  return (
    <Panel
      id="now"
      title="Now"
      class="grow"
      error={data ? undefined : error}
      end={
        <>
          newest first ·{" "}
          <button class="link" type="button" onClick={() => setFrozen(!frozen)}>
            {frozen ? "Go on" : "Freeze"}
          </button>
        </>
      }
    >
      {data?.items.length === 0 && <Empty>No event yet. Press N to submit a job.</Empty>}
      <ul class="feed" aria-live="off">
        {data?.items.map((event) => {
          const { status, words } = tell(event);
          const id = String(event.payload.jobId ?? "");
          const at = Date.parse(event.occurredAt);
          return (
            <li key={event.eventId}>
              <span class="mono dim">{clock(at, { withMillis: true })}</span>
              {status ? <Status status={status} hidesWord /> : <span />}
              <span class="mono clip">{String(event.payload.jobType ?? "")}</span>
              <a class="link mono" href={`#/jobs/${id}`}>
                {shortId(id)}
              </a>
              <span class={now - at < FRESH_MS ? "clip new" : "clip soft"}>{words}</span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

export function EventsView() {
  return (
    <>
      <div class="page-head">
        <h1>Events</h1>
      </div>
      <NowPanel limit={100} />
    </>
  );
}
