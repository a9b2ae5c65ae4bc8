import type { JobDetail } from "../../../contracts/api-queries.ts";
import { describeEvent } from "../../../shared/event-words.ts";
import { age, clock, duration, shortId } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { jobsAddress } from "../job-list/address.ts";
import { useQuery } from "../query.ts";
import { Json } from "./json.tsx";
import { Status } from "./status.tsx";

export const TABS = ["envelopes", "payload", "result", "logs", "children"] as const;
export type Tab = (typeof TABS)[number];

export const tabOf = (query: URLSearchParams): Tab =>
  TABS.find((tab) => tab === query.get("tab")) ?? "envelopes";

const MOST_CHILDREN = 100;

interface JobContentsProps {
  readonly job: JobDetail;
  readonly tab: Tab;
  readonly selected: string | undefined;
  readonly onSelect: (eventId: string) => void;
  readonly onTab: (tab: Tab) => void;
}

export function JobContents({ job, tab, selected, onSelect, onTab }: JobContentsProps) {
  return (
    <section class="panel" aria-label="Contents">
      <div class="tabs" role="tablist" aria-label="Contents of the job">
        {TABS.map((name) => (
          <button
            role="tab"
            type="button"
            id={`tab-${name}`}
            aria-controls="tab-panel"
            key={name}
            aria-selected={tab === name}
            onClick={() => onTab(name)}
          >
            {name.charAt(0).toUpperCase() + name.slice(1)} <Count of={name} job={job} />
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
        {tab === "payload" && <Json value={job.payload ?? {}} label="Payload as JSON" />}
        {tab === "result" &&
          (job.result === undefined ? (
            <div class="empty">No result. A job has one only after it completes.</div>
          ) : (
            <Json value={job.result} label="Result as JSON" />
          ))}
        {tab === "logs" && <Logs job={job} />}
        {tab === "children" && <Children job={job} />}
        {tab === "envelopes" && <Envelopes job={job} selected={selected} onSelect={onSelect} />}
      </div>
    </section>
  );
}

function Count({ of, job }: { of: Tab; job: JobDetail }) {
  const number = {
    envelopes: job.events.length,
    children: job.children.total,
    logs: job.attempts.reduce((sum, attempt) => sum + attempt.logs.length, 0),
    payload: undefined,
    result: undefined,
  }[of];
  return number === undefined ? null : <span class="badge">{number}</span>;
}

function Logs({ job }: { job: JobDetail }) {
  const lines = job.attempts.flatMap(({ attempt, logs }) => logs.map((line) => ({ attempt, ...line })));
  if (lines.length === 0) return <div class="empty">The handler logged nothing.</div>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="code-block" tabIndex={0} aria-label="Lines that the handler logged">
      <pre>
        {lines.map(({ attempt, at, message }, index) => (
          <span key={index}>
            <span class="k">
              {clock(Date.parse(at), { withMillis: true })} try {attempt}
            </span>
            {`  ${message}\n`}
          </span>
        ))}
      </pre>
    </section>
  );
}

function Children({ job }: { job: JobDetail }) {
  const { data, error } = useQuery(`children ${job.id}`, (signal) =>
    client.readModel.listJobs({ query: { parentId: job.id, limit: MOST_CHILDREN } }, { signal }),
  );
  const { total, byStatus } = job.children;
  if (total === 0) return <div class="empty">No children. Jobs that the handler submits appear here.</div>;
  return (
    <>
      <p class="tab-note">
        {Object.entries(byStatus)
          .map(([status, number]) => `${number} ${status.toLowerCase()}`)
          .join(" · ")}{" "}
        <a class="link" href={jobsAddress(`parent:${job.id}`)}>
          Open as a list
        </a>
      </p>
      {error && !data && (
        <p class="tab-note" role="alert">
          {error.message}
        </p>
      )}
      <table class="envelopes">
        <thead>
          <tr>
            <th>Id</th>
            <th>Type</th>
            <th>Status</th>
            <th class="num">Took</th>
            <th class="num">Age</th>
          </tr>
        </thead>
        <tbody>
          {data?.items.map((child) => (
            <tr key={child.id}>
              <td>
                <a class="link mono" href={`#/jobs/${child.id}`}>
                  {shortId(child.id)}
                </a>
              </td>
              <td class="mono">{child.type}</td>
              <td>
                <Status status={child.status} />
              </td>
              <td class="num">{duration(child.durationMs)}</td>
              <td class="num">{age(Date.now() - Date.parse(child.createdAt))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Envelopes({ job, selected, onSelect }: Pick<JobContentsProps, "job" | "selected" | "onSelect">) {
  const start = Date.parse(job.createdAt);
  if (job.events.length === 0)
    return (
      <div class="empty">
        {job.unavailable.length > 0
          ? "The event store does not answer."
          : "No events of this job are stored."}
      </div>
    );
  return (
    <table class="envelopes">
      <thead>
        <tr>
          <th class="num">At</th>
          <th>Event</th>
          <th class="hide-phone">Summary</th>
          <th class="num hide-phone">Seq</th>
          <th class="hide-phone">Producer</th>
          <th class="num">Event id</th>
        </tr>
      </thead>
      <tbody>
        {job.events.map((event) => (
          <tr
            key={event.eventId}
            aria-selected={event.eventId === selected}
            onClick={() => onSelect(event.eventId)}
          >
            <td class="num">+ {duration(Math.max(0, Date.parse(event.occurredAt) - start))}</td>
            <td class="mono">{event.eventType}</td>
            <td class="soft hide-phone clip">{describeEvent(event).words}</td>
            <td class="num hide-phone">{String(event.payload.sequence ?? "")}</td>
            <td class="soft hide-phone clip">{event.producer.instanceId}</td>
            <td class="mono num">
              <button class="link" type="button" onClick={() => onSelect(event.eventId)}>
                {shortId(event.eventId)}
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
