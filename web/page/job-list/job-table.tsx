// biome-ignore-all lint/a11y/noRedundantRoles: on phones, rows are laid out as grids, which drops the table roles
import { useEffect, useRef } from "preact/hooks";
import { isTerminal, type JobSummary } from "../../../contracts/job.ts";
import { age, duration, shortId } from "../../../shared/format.ts";
import type { JobSortName } from "../../../shared/job-sorts.ts";
import { shownTries } from "../../../shared/shown-tries.ts";
import { Countdown } from "../parts/countdown.tsx";
import { Status } from "../parts/status.tsx";
import { goTo } from "../route.ts";

interface JobTableProps {
  readonly items: readonly JobSummary[];
  readonly sort: JobSortName;
  readonly marks: ReadonlySet<string>;
  readonly cursor: string | undefined;
  readonly isAll: boolean;
  readonly toggle: (id: string) => void;
  readonly markAll: () => void;
}

/** The column by which each order sorts. Orders that are not listed sort by age. */
const SORTED: Partial<Record<JobSortName, string>> = { type: "Type", tries: "Tries", slowest: "Took" };
const NUMBERS = ["Tries", "Age", "Took"];

export function JobTable({ items, sort, marks, cursor, isAll, toggle, markAll }: JobTableProps) {
  const sorted = SORTED[sort] ?? "Age";
  return (
    <table class="jobtable" role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th scope="col">
            <input
              class={marks.size > 0 && !isAll ? "check some" : "check"}
              type="checkbox"
              aria-label="Mark all shown jobs"
              checked={isAll}
              onChange={markAll}
            />
          </th>
          {["Id", "Type", "Status", "Tries", "Age", "Took", "Why"].map((name) => (
            <th
              scope="col"
              class={NUMBERS.includes(name) ? "num" : undefined}
              aria-sort={name === sorted ? directionOf(sort) : undefined}
              key={name}
            >
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {items.map((job) => (
          <JobRow
            key={job.id}
            job={job}
            isMarked={marks.has(job.id)}
            isCurrent={job.id === cursor}
            toggle={() => toggle(job.id)}
          />
        ))}
      </tbody>
    </table>
  );
}

/** The column shows ages, so "newest first" is ascending: the newest job has the lowest age. */
const directionOf = (sort: JobSortName) =>
  sort === "newest" || sort === "type" ? ("ascending" as const) : ("descending" as const);

interface JobRowProps {
  readonly job: JobSummary;
  readonly isMarked: boolean;
  readonly isCurrent: boolean;
  readonly toggle: () => void;
}

function JobRow({ job, isMarked, isCurrent, toggle }: JobRowProps) {
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    // The cursor moves the focus, so that a screen reader reads the row and Enter opens it.
    if (isCurrent) row.current?.querySelector("a")?.focus();
  }, [isCurrent]);
  const open = (event: MouseEvent) => {
    if (event.target instanceof Element && !event.target.closest("a, input")) goTo(`#/jobs/${job.id}`);
  };
  return (
    <tr role="row" ref={row} aria-selected={isMarked} class={isCurrent ? "cursor" : undefined} onClick={open}>
      <td role="cell">
        <input
          class="check"
          type="checkbox"
          aria-label={`Mark ${shortId(job.id)}`}
          checked={isMarked}
          onChange={toggle}
        />
      </td>
      <td role="cell">
        <a class="mono link" href={`#/jobs/${job.id}`} title={job.id}>
          {shortId(job.id)}
        </a>
      </td>
      <td role="cell" class="mono">
        {job.type}
      </td>
      <td role="cell">
        <Status status={job.status} />
      </td>
      <td role="cell" class="num">
        {shownTries(job)}
      </td>
      <td role="cell" class="num">
        <time dateTime={job.createdAt} title={job.createdAt}>
          {age(Date.now() - Date.parse(job.createdAt))}
        </time>
      </td>
      <td role="cell" class="num">
        {duration(job.durationMs)}
      </td>
      <td role="cell" class="why clip">
        <Why job={job} />
      </td>
    </tr>
  );
}

/** Shows the most useful fact about a job: when it is due, its progress, or why it failed. */
function Why({ job: { status, error, progress, runAt, cancelRequested } }: { job: JobSummary }) {
  if (status === "COMPLETED") return null;
  if (cancelRequested && !isTerminal(status)) return <span class="soft">stopping</span>;
  if (status === "EXECUTING")
    return progress ? (
      <span class="soft">
        {Math.round(progress.fraction * 100)}% {progress.note}
      </span>
    ) : null;
  return (
    <>
      {runAt && status === "RETRYING" && <Countdown until={runAt} before="next " />}
      {runAt && status === "SCHEDULED" && <Countdown until={runAt} before="due " />}
      {error && (
        <>
          <span class="code mono">{error.code}</span>
          <span class="soft">{error.message}</span>
        </>
      )}
    </>
  );
}
