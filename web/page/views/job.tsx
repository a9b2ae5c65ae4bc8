import type { JobDetail } from "../../../contracts/api-queries.ts";
import { ApiError } from "../../../shared/api-client/api-error.ts";
import { age, shortId } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { pageAt } from "../observers.ts";
import { onItsWaySince } from "../on-its-way.ts";
import { EnvelopePanel } from "../parts/envelope-panel.tsx";
import { JobContents, TABS, tabOf } from "../parts/job-contents.tsx";
import { JobHead } from "../parts/job-head.tsx";
import { useCopy } from "../parts/toast.tsx";
import { XRay } from "../parts/x-ray.tsx";
import { useQuery } from "../query.ts";
import { useShortcuts } from "../shortcuts.ts";
import type { OverviewReply } from "./overview.tsx";

interface JobViewProps {
  readonly id: string;
  readonly query: URLSearchParams;
  readonly overview: OverviewReply | undefined;
}

/** Shows where a job's time went, its envelopes, its payload and its outcome. */
export function JobView({ id, query, overview }: JobViewProps) {
  const { data, error, reload } = useQuery(`job ${id}`, (signal) =>
    client.readModel.jobDetail({ params: { id } }, { signal }),
  );
  const isUnknown = error instanceof ApiError && error.code === "JOB_NOT_FOUND";
  const since = isUnknown ? onItsWaySince(id, Date.now()) : undefined;
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <a href="#/jobs">Jobs</a> › <span class="mono">{shortId(id)}</span>
      </nav>
      {data && <KnownJob job={data} query={query} overview={overview} reload={reload} />}
      {!data && since !== undefined && <OnItsWay since={since} />}
      {!data && since === undefined && (
        <div class="message">
          <h1>
            {error ? (isUnknown ? "There is no such job" : "This job cannot be shown") : "Loading the job"}
          </h1>
          <p>{error ? error.message : "\u00a0"}</p>
          {error && (
            <a class="btn" href="#/jobs">
              All jobs
            </a>
          )}
        </div>
      )}
    </>
  );
}

/** Shows a job that the gateway has accepted and that still exists only as a message. */
function OnItsWay({ since }: { since: number }) {
  const waited = Date.now() - since;
  return (
    <div class="message" role="status">
      <h1>The job is on its way</h1>
      <p>
        The gateway has accepted it{waited > 2_000 && ` ${age(waited)} ago`}. It appears here as soon as a
        processor has taken it from the bus.
      </p>
      {waited > 5_000 && (
        <a class="btn" href="#/queues">
          See what the processors are doing
        </a>
      )}
    </div>
  );
}

interface KnownJobProps extends Omit<JobViewProps, "id"> {
  readonly job: JobDetail;
  readonly reload: () => void;
}

function KnownJob({ job, query, overview, reload }: KnownJobProps) {
  const copy = useCopy();
  const tab = tabOf(query);
  const wanted = query.get("event");
  const envelope = job.events.find(({ eventId }) => eventId === wanted) ?? job.events.at(-1);
  const place = envelope ? job.events.indexOf(envelope) : -1;
  const traceUrl = job.traceId && pageAt("jaeger", overview, `/trace/${job.traceId}`);

  /**
   * The URL contains the tab and the selected envelope. Changing either of them replaces the history entry, so that
   * Back leaves the job.
   */
  const show = (change: Record<string, string>) => {
    const next = new URLSearchParams({ ...Object.fromEntries(query), ...change });
    location.replace(`#/jobs/${job.id}?${next}`);
  };
  const select = (eventId: string) => show({ event: eventId });
  const step = (by: number) => {
    const next = job.events[place + by];
    return next && { run: () => select(next.eventId) };
  };
  const pane = (by: number) => ({
    run: () => show({ tab: TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length] ?? tab }),
  });
  useShortcuts({
    up: step(-1),
    down: step(1),
    left: pane(-1),
    right: pane(1),
    copy: { run: () => copy("the id", job.id) },
    "copy-json": { run: () => copy("the job as JSON", JSON.stringify(job, null, 2)) },
    trace: traceUrl ? { run: () => void window.open(traceUrl, "_blank", "noreferrer") } : undefined,
  });
  return (
    <>
      <JobHead job={job} reload={reload} traceUrl={traceUrl} overview={overview} />
      {job.unavailable.length > 0 && (
        <p class="banner" role="status">
          Incomplete: no answer from {job.unavailable.join(", ")}
        </p>
      )}
      <div class="jobview">
        <div class="stack">
          <XRay job={job} selected={envelope?.eventId} onSelect={select} />
          <JobContents
            job={job}
            tab={tab}
            selected={envelope?.eventId}
            onSelect={select}
            onTab={(next) => show({ tab: next })}
          />
        </div>
        {envelope && <EnvelopePanel job={job} envelope={envelope} onSelect={select} traceUrl={traceUrl} />}
      </div>
    </>
  );
}
