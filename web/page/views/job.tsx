import { useState } from "preact/hooks";
import type { JobDetail } from "../../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../../contracts/envelope.ts";
import { tell } from "../../../shared/event-words.ts";
import { age, duration, shortId } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { Status } from "../parts/status.tsx";
import { useAction } from "../parts/toast.tsx";
import { XRay } from "../parts/x-ray.tsx";
import { useQuery } from "../query.ts";

const TABS = ["envelopes", "payload", "result", "logs", "children"] as const;
type Tab = (typeof TABS)[number];

const CANCELLABLE = ["VALIDATED", "SCHEDULED", "RETRYING", "EXECUTING"];
const RETRYABLE = ["FAILED", "CANCELLED"];

/** One job: where its time went, every envelope, its payload and its outcome. */
export function JobView({ id }: { id: string }) {
  const { data, error, reload } = useQuery(`job ${id}`, (signal) =>
    client.readModel.jobDetail({ params: { id } }, { signal }),
  );
  const [tab, setTab] = useState<Tab>("envelopes");
  const [open, setOpen] = useState<string>();
  if (!data)
    return (
      <div class="message">
        <h1>{error ? "This job cannot be shown" : "Reading the job"}</h1>
        {error && <p>{error.message}</p>}
        <a class="btn" href="#/jobs">
          All jobs
        </a>
      </div>
    );
  const envelope = data.events.find(({ eventId }) => eventId === open) ?? data.events.at(-1);
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <a href="#/jobs">Jobs</a> › <span class="mono">{shortId(id)}</span>
      </nav>
      <JobHead job={data} reload={reload} />
      <div class="jobview">
        <div class="stack">
          <XRay job={data} selected={envelope?.eventId} onSelect={setOpen} />
          <section class="panel" aria-label="Contents">
            <div class="tabs" role="tablist">
              {TABS.map((name) => (
                <button
                  role="tab"
                  type="button"
                  key={name}
                  aria-selected={tab === name}
                  onClick={() => setTab(name)}
                >
                  {name.charAt(0).toUpperCase() + name.slice(1)} <Count of={name} job={data} />
                </button>
              ))}
            </div>
            <div role="tabpanel">
              <Contents tab={tab} job={data} selected={envelope?.eventId} onSelect={setOpen} />
            </div>
          </section>
        </div>
        {envelope && <Envelope envelope={envelope} />}
      </div>
    </>
  );
}

function JobHead({ job, reload }: { job: JobDetail; reload: () => void }) {
  const act = useAction();
  const params = { id: job.id };
  const canRetry = RETRYABLE.includes(job.status);
  const canCancel = CANCELLABLE.includes(job.status);
  const off = [!canRetry && "Retry", !canCancel && "Cancel"].filter(Boolean).join(" and ");
  return (
    <div class="page-head">
      <div>
        <div class="job-title">
          <h1>{job.type}</h1>
          <Status status={job.status} chip />
          <span class="id">
            {job.id.slice(0, -8)}
            <b>{job.id.slice(-8)}</b>
          </span>
          <button
            class="btn quiet icon"
            type="button"
            aria-label="Copy the id"
            onClick={() => void navigator.clipboard.writeText(job.id)}
          >
            <Icon name="copy" />
          </button>
        </div>
        <p>
          Accepted{" "}
          <time dateTime={job.createdAt} title={job.createdAt}>
            {age(Date.now() - Date.parse(job.createdAt))} ago
          </time>
          {job.error && (
            <>
              {" · "}
              <span class="code mono">{job.error.code}</span> {job.error.message}
            </>
          )}
        </p>
      </div>
      <div class="end actions">
        <button
          class="btn"
          type="button"
          aria-disabled={!canRetry}
          onClick={() =>
            canRetry && void act("Retried", () => client.gateway.retryJob({ params }).finally(reload))
          }
        >
          <Icon name="retrying" />
          Retry
        </button>
        <button
          class="btn"
          type="button"
          aria-disabled={!canCancel}
          onClick={() =>
            canCancel && void act("Cancelled", () => client.gateway.cancelJob({ params }).finally(reload))
          }
        >
          Cancel
        </button>
        <a class="btn" href={`#/new?from=${job.id}`}>
          Edit and resubmit
        </a>
        {off && (
          <span class="why-not">{`${off} ${off.includes("and") ? "are" : "is"} off: this job is ${job.status.toLowerCase()}`}</span>
        )}
      </div>
    </div>
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

interface ContentsProps {
  readonly tab: Tab;
  readonly job: JobDetail;
  readonly selected: string | undefined;
  readonly onSelect: (eventId: string) => void;
}

function Contents({ tab, job, selected, onSelect }: ContentsProps) {
  if (tab === "payload") return <Json value={job.payload} />;
  if (tab === "result")
    return job.result === undefined ? <div class="empty">No result yet.</div> : <Json value={job.result} />;
  if (tab === "logs") {
    const lines = job.attempts.flatMap(({ attempt, logs }) =>
      logs.map(({ at, message }) => `${at}  try ${attempt}  ${message}`),
    );
    return lines.length === 0 ? (
      <div class="empty">The handler logged nothing.</div>
    ) : (
      <pre class="code-block">{lines.join("\n")}</pre>
    );
  }
  if (tab === "children")
    return job.children.total === 0 ? (
      <div class="empty">No children. A handler that fans out shows its jobs here, by status.</div>
    ) : (
      <div class="empty">
        <a class="link" href={`#/jobs?filter=parent%3A${job.id}`}>
          {job.children.total} children
        </a>
        {Object.entries(job.children.byStatus).map(
          ([status, number]) => ` · ${number} ${status.toLowerCase()}`,
        )}
      </div>
    );
  const start = Date.parse(job.createdAt);
  return (
    <table class="envelopes">
      <thead>
        <tr>
          <th class="num">At</th>
          <th>Event</th>
          <th class="hide-phone">What it says</th>
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
            <td class="soft hide-phone clip">{tell(event).words}</td>
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

function Envelope({ envelope }: { envelope: EventEnvelope }) {
  const text = JSON.stringify(envelope, null, 2);
  return (
    <aside class="panel envelope" aria-labelledby="envelope">
      <header>
        <h2 id="envelope" class="mono">
          {envelope.eventType}
        </h2>
      </header>
      <div class="body">
        <p>{tell(envelope).words}</p>
        <dl class="facts">
          <dt>At</dt>
          <dd>{envelope.occurredAt}</dd>
          <dt>From</dt>
          <dd>{envelope.producer.instanceId}</dd>
          <dt>Correlation</dt>
          <dd class="mono">{envelope.correlationId}</dd>
        </dl>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="code-block" tabIndex={0} aria-label="Envelope as JSON">
        <pre>{text}</pre>
      </section>
      <div class="foot">
        <button class="link" type="button" onClick={() => void navigator.clipboard.writeText(text)}>
          Copy JSON
        </button>
      </div>
    </aside>
  );
}

function Json({ value }: { value: unknown }) {
  return <pre class="code-block">{JSON.stringify(value, null, 2)}</pre>;
}
