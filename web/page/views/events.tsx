import { useState } from "preact/hooks";
import { filterEvents } from "../../../shared/event-filter.ts";
import { count } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { EventFeed } from "../parts/event-feed.tsx";
import { FilterField } from "../parts/filter-field.tsx";
import { Empty, Panel } from "../parts/panel.tsx";
import { useQuery } from "../query.ts";
import { goTo } from "../route.ts";
import { useShortcuts } from "../shortcuts.ts";

const ON_OVERVIEW = 14;
const PAGE = 200;

function useEvents(limit: number, frozen: boolean) {
  return useQuery(
    `events ${limit}`,
    (signal) => client.readModel.listEvents({ query: { limit } }, { signal }),
    { frozen },
  );
}

interface FreezeProps {
  readonly isFrozen: boolean;
  readonly toggle: () => void;
}

const Freeze = ({ isFrozen, toggle }: FreezeProps) => (
  <>
    newest first ·{" "}
    <button class="link" type="button" aria-pressed={isFrozen} onClick={toggle}>
      {isFrozen ? "Unfreeze" : "Freeze"}
    </button>
  </>
);

/** Shows the newest events, with a button that freezes them. */
export function NowPanel() {
  const [isFrozen, setFrozen] = useState(false);
  const { data, error } = useEvents(ON_OVERVIEW, isFrozen);
  return (
    <Panel
      id="now"
      busy={!data && !error}
      title="Now"
      class="grow o7"
      flush
      error={data ? undefined : error}
      end={<Freeze isFrozen={isFrozen} toggle={() => setFrozen(!isFrozen)} />}
    >
      {data?.items.length === 0 && <Empty>No events yet. Press N to submit a job.</Empty>}
      <EventFeed events={data?.items ?? []} />
    </Panel>
  );
}

const addressOf = (filter: string) => (filter ? `#/events?${new URLSearchParams({ filter })}` : "#/events");

/** Shows the newest events that match the filter in the URL. */
export function EventsView({ query }: { query: URLSearchParams }) {
  const filter = query.get("filter") ?? "";
  const [isFrozen, setFrozen] = useState(false);
  const [cursor, setCursor] = useState<string>();
  const { data, error } = useEvents(PAGE, isFrozen);
  const events = filterEvents(data?.items ?? [], filter);
  const place = events.findIndex(({ eventId }) => eventId === cursor);
  const move = (by: number) => {
    const next = events[place < 0 ? 0 : place + by];
    return next && { run: () => setCursor(next.eventId) };
  };
  const jobId = events[place]?.payload.jobId;
  const toggle = () => setFrozen(!isFrozen);
  useShortcuts({
    up: move(-1),
    down: move(1),
    open: jobId ? { run: () => goTo(`#/jobs/${jobId}`) } : undefined,
    freeze: events.length > 0 ? { run: toggle, label: isFrozen ? "unfreeze" : "freeze" } : undefined,
    back: filter ? { run: () => goTo(addressOf("")), label: "clear" } : undefined,
  });
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Events</h1>
          <p>What happened to jobs, as reported by the services.</p>
        </div>
      </div>
      <FilterField
        filter={filter}
        label="Filter events"
        placeholder="All events"
        apply={(text) => goTo(addressOf(text))}
      />
      <Panel
        id="events"
        busy={!data && !error}
        title={
          filter
            ? `${count(events.length)} of the newest ${count(data?.items.length ?? 0)}`
            : `The newest ${count(events.length)}`
        }
        flush={events.length > 0}
        error={data ? undefined : error}
        end={<Freeze isFrozen={isFrozen} toggle={toggle} />}
      >
        {data && events.length === 0 && (
          <Empty>
            {filter
              ? `None of the newest ${count(PAGE)} events match. Press Esc to show all.`
              : "No events yet. Press N to submit a job."}
          </Empty>
        )}
        <EventFeed events={events} cursor={cursor} />
      </Panel>
    </>
  );
}
