import type { JobDetail } from "../../../contracts/api-queries.ts";
import { LEGAL_MOVES } from "../../../contracts/job.ts";
import { statusWord } from "../../../contracts/status-words.ts";
import { age, duration, shortId } from "../../../shared/format.ts";
import { useAccess } from "../access.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { pageAt } from "../observers.ts";
import { useShortcuts } from "../shortcuts.ts";
import type { OverviewReply } from "../views/overview.tsx";
import { ActionButton } from "./action-button.tsx";
import { useConfirm } from "./confirm.tsx";
import { Countdown } from "./countdown.tsx";
import { Status } from "./status.tsx";
import { useAction, useCopy } from "./toast.tsx";

export const canRetry = ({ status }: { status: JobDetail["status"] }) =>
  status === "FAILED" || status === "CANCELLED";
export const canCancel = ({ status }: { status: JobDetail["status"] }) =>
  LEGAL_MOVES[status].includes("CANCELLED");

interface JobHeadProps {
  readonly job: JobDetail;
  readonly reload: () => void;
  readonly traceUrl: string | undefined;
  readonly overview: OverviewReply | undefined;
}

/** Shows what a job is, how it ended, and which actions are possible. */
export function JobHead({ job, reload, traceUrl, overview }: JobHeadProps) {
  const act = useAction();
  const copy = useCopy();
  const confirm = useConfirm();
  const access = useAccess();
  const params = { id: job.id };
  const off = (can: boolean) => access.reason ?? (can ? undefined : `This job is ${statusWord(job.status)}`);
  const retry = () => act("Retried", () => client.gateway.retryJob({ params }).finally(reload));
  const cancel = async () => {
    const isSure = await confirm({
      title: "Cancel 1 job?",
      text: "Its history is kept. A running try stops; the job can be retried later.",
      verb: "Cancel 1",
    });
    if (isSure) await act("Cancelled", () => client.gateway.cancelJob({ params }).finally(reload));
  };
  const whyNoRetry = off(canRetry(job));
  const whyNoCancel = off(canCancel(job));
  const whyNoEdit = access.reason ?? (job.payload ? undefined : "This job's payload is not stored");
  const edit = () => {
    location.hash = `#/new?from=${job.id}`;
  };
  useShortcuts({
    retry: whyNoRetry ? undefined : { run: () => void retry() },
    cancel: whyNoCancel ? undefined : { run: () => void cancel() },
    edit: whyNoEdit ? undefined : { run: edit },
  });
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
            onClick={() => copy("the id", job.id)}
          >
            <Icon name="copy" />
          </button>
        </div>
        <p>
          {summaryOf(job)},{" "}
          <time
            class="nowrap"
            dateTime={job.finishedAt ?? job.createdAt}
            title={job.finishedAt ?? job.createdAt}
          >
            {!job.finishedAt && "accepted "}
            {age(Date.now() - Date.parse(job.finishedAt ?? job.createdAt))} ago
          </time>
          <Family job={job} />
          <NextTry job={job} />
        </p>
        {job.error && (
          <p>
            <span class="code mono">{job.error.code}</span> {job.error.message}
          </p>
        )}
        {job.progress && job.status === "EXECUTING" && (
          <p>
            {Math.round(job.progress.fraction * 100)}% {job.progress.note}
          </p>
        )}
      </div>
      <div class="end actions">
        <ActionButton
          label="Retry"
          busyLabel="Retrying…"
          icon="retrying"
          shown="t"
          why={whyNoRetry}
          run={retry}
        />
        <ActionButton label="Cancel" busyLabel="Cancelling…" shown="x" why={whyNoCancel} run={cancel} />
        <ActionButton
          label="Edit and resubmit"
          busyLabel="Opening…"
          shown="e"
          why={whyNoEdit}
          run={async () => edit()}
        />
        {traceUrl && (
          <a class="btn" href={traceUrl} target="_blank" rel="noreferrer">
            <Icon name="out" />
            Trace<kbd>o</kbd>
          </a>
        )}
        <Panels job={job} overview={overview} />
        <span class="why-not">{access.reason ?? whyNot(job, whyNoRetry, whyNoCancel)}</span>
      </div>
    </div>
  );
}

/** Shows when a scheduled or retrying job is due. */
function NextTry({ job: { status, runAt } }: { job: JobDetail }) {
  if (!runAt || (status !== "RETRYING" && status !== "SCHEDULED")) return null;
  return (
    <>
      . <Countdown until={runAt} before={status === "RETRYING" ? "Next " : "Due "} />
    </>
  );
}

function whyNot({ status }: JobDetail, retry: string | undefined, cancel: string | undefined): string {
  const off = [retry && "Retry", cancel && "Cancel"].filter(Boolean);
  if (off.length === 0) return "\u00a0";
  return `${off.join(" and ")} ${off.length > 1 ? "are" : "is"} off: this job is ${statusWord(status)}`;
}

/** Links to the jobs that this one was created from. */
function Family({ job: { parentId, originId, originKind } }: { job: JobDetail }) {
  const link = (id: string) => (
    <a class="link mono" href={`#/jobs/${id}`}>
      {shortId(id)}
    </a>
  );
  return (
    <>
      {parentId && <>. A child of {link(parentId)}</>}
      {originId && (
        <>
          . {originKind === "replay" ? "Replayed from" : "Edited from"} {link(originId)}
        </>
      )}
    </>
  );
}

/** Links to Grafana's panels for the job's type, from shortly before the job to shortly after it. */
function Panels({ job, overview }: Pick<JobHeadProps, "job" | "overview">) {
  const from = Date.parse(job.createdAt) - AROUND_MS;
  const to = Math.max(Date.parse(job.finishedAt ?? job.createdAt), from) + 2 * AROUND_MS;
  const query = new URLSearchParams({ "var-type": job.type, from: String(from), to: String(to) });
  const url = pageAt("grafana", overview, `/d/observatory-jobs?${query}`);
  return url ? (
    <a class="btn" href={url} target="_blank" rel="noreferrer">
      <Icon name="out" />
      Panels
    </a>
  ) : null;
}
const AROUND_MS = 300_000;

function summaryOf(job: JobDetail): string {
  const { status, attempt = 0, tries = attempt, maxAttempts, createdAt, finishedAt, startedAt } = job;
  const took = finishedAt ? duration(Date.parse(finishedAt) - Date.parse(createdAt)) : "";
  const of = maxAttempts ? ` of ${maxAttempts}` : "";
  switch (status) {
    case "COMPLETED":
      return `Completed on try ${tries}${of}, ${took} after it was accepted`;
    case "FAILED":
      return `Failed on try ${tries}${of}, ${took} after it was accepted`;
    case "CANCELLED":
      return `Cancelled ${took} after it was accepted`;
    case "REJECTED":
      return "Rejected at intake, before it became a job";
    case "EXECUTING":
      return startedAt
        ? `Try ${tries}${of} has been running for ${age(Date.now() - Date.parse(startedAt))}`
        : `Try ${tries}${of} is running`;
    case "RETRYING":
      return `Try ${tries}${of} failed`;
    case "SCHEDULED":
      return "Waiting for its start time";
    default:
      return "Waiting for a free slot";
  }
}
