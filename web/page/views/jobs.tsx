import { useEffect, useRef, useState } from "preact/hooks";
import type { JobStatus } from "../../../contracts/job.ts";
import { readFilterText } from "../../../contracts/read-filter.ts";
import { statusWord } from "../../../contracts/status-words.ts";
import { age, count, duration, shortId } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { useConfirm } from "../parts/confirm.tsx";
import { Status, toneOf } from "../parts/status.tsx";
import { useAction } from "../parts/toast.tsx";
import { useQuery } from "../query.ts";

const PAGE = 50;
const FACETS: readonly JobStatus[] = [
  "COMPLETED",
  "EXECUTING",
  "VALIDATED",
  "SCHEDULED",
  "RETRYING",
  "FAILED",
  "CANCELLED",
  "REJECTED",
];

/** The jobs that match the filter of the address, so that a view can be sent to a colleague. */
export function Jobs({ query }: { query: URLSearchParams }) {
  const filter = query.get("filter") ?? "";
  const fault = readFilterText("jobs", filter).faults[0]?.message;
  const [limit, setLimit] = useState(PAGE);
  const [marks, setMarks] = useState<ReadonlySet<string>>(new Set());
  const frozen = marks.size > 0;
  const { data, error } = useQuery(
    `jobs ${filter} ${limit}`,
    (signal) => client.readModel.listJobs({ query: { limit, ...(filter && { filter }) } }, { signal }),
    { frozen },
  );
  useEffect(() => setMarks(new Set()), [filter]);
  const toggle = (id: string) => {
    const next = new Set(marks);
    if (!next.delete(id)) next.add(id);
    setMarks(next);
  };
  const trouble = fault ?? (data ? undefined : error?.message);
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Jobs</h1>
          <p>The address of this page holds the filter, so you can send it to a colleague.</p>
        </div>
      </div>
      <div class="jobs">
        <Facets filter={filter} />
        <div>
          <FilterBar filter={filter} />
          {trouble && (
            <p class="soft" role="alert">
              {trouble}
            </p>
          )}
          {data?.items.length === 0 && <NoMatch filter={filter} />}
          {data && data.items.length > 0 && (
            <section class="panel joblist" aria-label="Matching jobs">
              {frozen && <div class="frozen">Frozen while you mark</div>}
              <table class="jobtable">
                <thead>
                  <tr>
                    <th>
                      <span class="sr">Mark</span>
                    </th>
                    <th>Id</th>
                    <th>Type</th>
                    <th>Status</th>
                    <th class="num">Tries</th>
                    <th class="num">Age</th>
                    <th class="num">Took</th>
                    <th>Why</th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map((job) => (
                    <tr key={job.id} aria-selected={marks.has(job.id)}>
                      <td>
                        <input
                          class="check"
                          type="checkbox"
                          aria-label={`Mark ${shortId(job.id)}`}
                          checked={marks.has(job.id)}
                          onChange={() => toggle(job.id)}
                        />
                      </td>
                      <td>
                        <a class="mono link" href={`#/jobs/${job.id}`} title={job.id}>
                          {shortId(job.id)}
                        </a>
                      </td>
                      <td class="mono">{job.type}</td>
                      <td>
                        <Status status={job.status} />
                      </td>
                      <td class="num">
                        {job.tries ?? 0}/{job.maxAttempts ?? "–"}
                      </td>
                      <td class="num">{age(Date.now() - Date.parse(job.createdAt))}</td>
                      <td class="num">{duration(job.durationMs)}</td>
                      <td class="why clip">
                        {job.error && (
                          <>
                            <span class="code mono">{job.error.code}</span>
                            <span class="soft">{job.error.message}</span>
                          </>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {data.nextCursor && (
                <div class="foot">
                  <button class="link" type="button" onClick={() => setLimit(Math.min(200, limit + PAGE))}>
                    Show more
                  </button>
                </div>
              )}
            </section>
          )}
          <Bulk filter={filter} marks={marks} clear={() => setMarks(new Set())} />
        </div>
      </div>
    </>
  );
}

function FilterBar({ filter }: { filter: string }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current) input.current.value = filter;
  }, [filter]);
  return (
    <search>
      <form
        class="filterbar"
        onSubmit={(event) => {
          event.preventDefault();
          location.hash = hashOf(input.current?.value.trim() ?? "");
          // The keys of the page work again, and the list is where one looks next.
          input.current?.blur();
        }}
      >
        <div class="field">
          <Icon name="search" />
          <input
            ref={input}
            id="filter"
            aria-label="Filter jobs"
            placeholder="status:failed type:hash payload.user:1 failedAfter:5m some text"
            spellcheck={false}
            autocomplete="off"
          />
          <span class="inside">
            <kbd>/</kbd>
          </span>
        </div>
        <button class="btn" type="submit">
          Filter
        </button>
      </form>
    </search>
  );
}

function Facets({ filter }: { filter: string }) {
  const { data } = useQuery("stats", (signal) => client.readModel.stats({}, { signal }));
  const rest = filter.split(/\s+/).filter((term) => term && !/^status:/i.test(term));
  const chosen = filter
    .split(/\s+/)
    .find((term) => /^status:/i.test(term))
    ?.slice("status:".length);
  const of = (status: JobStatus) =>
    (data?.byStatus[status] ?? 0) + (status === "VALIDATED" ? (data?.byStatus.PENDING ?? 0) : 0);
  return (
    <aside class="facets" aria-label="Narrow the list">
      <section class="facet">
        <h2>Status, of all jobs</h2>
        <ul>
          <li>
            <a href={hashOf(rest.join(" "))} aria-current={chosen === undefined ? "true" : undefined}>
              <span class="st">
                <Icon name="logo" />
                All
              </span>
              <span class="n">{data && count(data.total)}</span>
            </a>
          </li>
          {FACETS.map((status) => (
            <li key={status}>
              <a
                href={hashOf([`status:${statusWord(status)}`, ...rest].join(" "))}
                class={of(status) === 0 ? "none" : ""}
                aria-current={chosen === statusWord(status) ? "true" : undefined}
              >
                <span class={`st st-${toneOf(status)}`}>
                  <Icon name={toneOf(status)} />
                  {statusWord(status)}
                </span>
                <span class="n">{data && count(of(status))}</span>
              </a>
            </li>
          ))}
        </ul>
      </section>
    </aside>
  );
}

function NoMatch({ filter }: { filter: string }) {
  return (
    <section class="panel">
      <div class="message">
        <Icon name="search" />
        <h2>{filter ? "No job matches" : "No job yet"}</h2>
        <p>
          {filter
            ? "Widen the filter, or wait for one that matches."
            : "Submit one, and see everything that happens to it."}
        </p>
        <div class="actions">
          {filter && (
            <a class="btn" href={hashOf("")}>
              Show all jobs
            </a>
          )}
          <a class="btn primary" href="#/new">
            New job
          </a>
        </div>
      </div>
    </section>
  );
}

/** Acts on the marked jobs one by one, or on everything that matches, after a dry run has counted it. */
function Bulk({ filter, marks, clear }: { filter: string; marks: ReadonlySet<string>; clear: () => void }) {
  const act = useAction();
  const confirm = useConfirm();
  const each = (action: "retry" | "cancel") =>
    act(`${action === "retry" ? "Retried" : "Cancelled"} ${marks.size}`, async () => {
      const call = action === "retry" ? client.gateway.retryJob : client.gateway.cancelJob;
      const outcomes = await Promise.allSettled([...marks].map((id) => call({ params: { id } })));
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      clear();
      if (refused[0])
        throw new Error(`${refused.length} of ${outcomes.length} were refused: ${refused[0].reason.message}`);
    });
  const all = async (action: "retry" | "cancel") => {
    const body = { action, filter } as const;
    await act(`${action === "retry" ? "Retried" : "Cancelled"} all that match`, async () => {
      const { matched } = await client.gateway.actOnJobs({ body: { ...body, dryRun: true } });
      if (matched === 0)
        throw new Error(`No job that matches can be ${action === "retry" ? "retried" : "cancelled"}`);
      const isSure = await confirm({
        title: `${action === "retry" ? "Retry" : "Cancel"} ${count(matched)} jobs?`,
        text: `Every job that matches ${filter} and can be ${action === "retry" ? "retried" : "cancelled"}.`,
        verb: `${action === "retry" ? "Retry" : "Cancel"} ${count(matched)}`,
      });
      if (isSure) await client.gateway.actOnJobs({ body });
      else throw new Error("Nothing was changed");
    });
  };
  if (marks.size === 0 && !filter) return null;
  return (
    <div
      class="bulk"
      role="toolbar"
      aria-label={marks.size > 0 ? "Act on marked jobs" : "Act on all that match"}
    >
      <span class="count" aria-live="polite">
        {marks.size > 0 ? `${marks.size} marked` : "All that match"}
      </span>
      <button
        class="btn primary"
        type="button"
        onClick={() => void (marks.size > 0 ? each("retry") : all("retry"))}
      >
        <Icon name="retrying" />
        Retry{marks.size > 0 && ` ${marks.size}`}
      </button>
      <button
        class="btn"
        type="button"
        onClick={() => void (marks.size > 0 ? each("cancel") : all("cancel"))}
      >
        Cancel{marks.size > 0 && ` ${marks.size}`}
      </button>
      {marks.size > 0 && (
        <button class="btn quiet" type="button" onClick={clear}>
          Clear
        </button>
      )}
    </div>
  );
}

function hashOf(filter: string): string {
  return filter ? `#/jobs?filter=${encodeURIComponent(filter)}` : "#/jobs";
}
