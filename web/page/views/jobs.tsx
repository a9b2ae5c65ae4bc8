import { useEffect, useState } from "preact/hooks";
import type { Stats } from "../../../contracts/api-queries.ts";
import { readFilterText } from "../../../contracts/read-filter.ts";
import { count } from "../../../shared/format.ts";
import { JOB_SORTS, type JobSortName, sortJobs } from "../../../shared/job-sorts.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { jobsAddress, nextSort, sortOf } from "../job-list/address.ts";
import { countJobs, narrowingOf } from "../job-list/counts.ts";
import { Facets } from "../job-list/facets.tsx";
import { FilterBar } from "../job-list/filter-bar.tsx";
import { JobTable } from "../job-list/job-table.tsx";
import { BulkBar } from "../parts/bulk-bar.tsx";
import { useQuery } from "../query.ts";
import { goTo } from "../route.ts";
import { useShortcuts } from "../shortcuts.ts";
import { useHeld } from "../use-held.ts";

const PAGE = 50;
/** The most jobs that the view loads. */
const MOST = 200;

/** Shows the jobs that match the filter in the URL, so the view can be shared as a link. */
export function Jobs({ query }: { query: URLSearchParams }) {
  const filter = query.get("filter") ?? "";
  const sort = sortOf(query);
  const fault = readFilterText("jobs", filter).faults[0]?.message;
  const [limit, setLimit] = useState(PAGE);
  const [marks, setMarks] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<string>();
  const [isHeld, setHeld] = useState(false);
  const [isPointed, setPointed] = useState(false);
  const key = `jobs ${filter} ${limit}`;
  const { data, error } = useQuery(key, (signal) =>
    client.readModel.listJobs({ query: { limit, ...(filter && { filter }) } }, { signal }),
  );
  const stats = useQuery("stats", (signal) => client.readModel.stats({}, { signal })).data;
  const { shown, showNewest } = useHeld(key, data, marks.size > 0 || isHeld || isPointed);
  const items = sortJobs(shown?.items ?? [], sort);
  const seen = new Set(items.map(({ id }) => id));
  const unseen = (data?.items ?? []).filter(({ id }) => !seen.has(id)).length;
  const matching = matchingOf(filter, stats);
  useEffect(() => {
    setMarks(new Set());
    setCursor(undefined);
    setLimit(PAGE);
  }, [filter]);
  const toggle = (id: string) => {
    const next = new Set(marks);
    if (!next.delete(id)) next.add(id);
    setMarks(next);
  };
  const isAll = items.length > 0 && items.every(({ id }) => marks.has(id));
  const markAll = () => setMarks(isAll ? new Set() : new Set(items.map(({ id }) => id)));
  const place = items.findIndex(({ id }) => id === cursor);
  const move = (by: number) => {
    const next = items[place < 0 ? 0 : place + by];
    return next && { run: () => setCursor(next.id) };
  };
  const hasRows = items.length > 0;
  useShortcuts({
    up: move(-1),
    down: move(1),
    open: cursor ? { run: () => goTo(`#/jobs/${cursor}`) } : undefined,
    mark: cursor ? { run: () => toggle(cursor) } : undefined,
    "mark-all": hasRows ? { run: markAll, label: isAll ? "unmark" : `all ${items.length}` } : undefined,
    freeze: hasRows ? { run: () => setHeld(!isHeld), label: isHeld ? "unfreeze" : "freeze" } : undefined,
    sort: hasRows ? { run: () => goTo(jobsAddress(filter, nextSort(sort))) } : undefined,
    back: marks.size > 0 ? { run: () => setMarks(new Set()), label: "clear" } : undefined,
  });
  const trouble = fault ?? (data ? undefined : error?.message);
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Jobs</h1>
          <p>
            {matching !== undefined &&
              `${count(matching)} ${filter ? `of ${count(stats?.total ?? 0)} match` : "jobs"}. `}
            The page's address contains the filter, so you can share the link.
          </p>
        </div>
      </div>
      <div class="jobs">
        <Facets filter={filter} sort={sort} stats={stats} />
        <div>
          <FilterBar filter={filter} sort={sort} fault={fault} />
          {trouble && !fault && (
            <p class="soft" role="alert">
              {trouble}. The page keeps retrying.
            </p>
          )}
          {shown && !hasRows && <NoMatch filter={filter} sort={sort} />}
          {!shown && !trouble && (
            <section class="panel joblist loading" aria-busy="true" aria-label="Matching jobs">
              <p class="later">Loading the jobs</p>
            </section>
          )}
          {hasRows && (
            <section
              class="panel joblist"
              aria-label="Matching jobs"
              onPointerEnter={({ pointerType }) => setPointed(pointerType === "mouse")}
              onPointerLeave={() => setPointed(false)}
            >
              <div class="frozen">
                <span>{stateOfList(marks.size > 0, isHeld, isPointed)}</span>
                {unseen > 0 && (
                  <button class="link" type="button" onClick={showNewest}>
                    Show {unseen} new
                  </button>
                )}
                <span class="end dim">
                  {shareOf(items.length, matching, Boolean(shown?.nextCursor), sort)}
                </span>
              </div>
              <JobTable
                items={items}
                sort={sort}
                marks={marks}
                cursor={cursor}
                isAll={isAll}
                toggle={toggle}
                markAll={markAll}
              />
              {shown?.nextCursor && limit < MOST && (
                <div class="foot">
                  <button
                    class="link"
                    type="button"
                    onClick={() => {
                      setPointed(false);
                      setLimit(Math.min(MOST, limit + PAGE));
                    }}
                  >
                    Show the next {PAGE}
                  </button>
                </div>
              )}
              {shown?.nextCursor && limit >= MOST && (
                <div class="foot">Only the newest {MOST} are shown: narrow the filter to see others.</div>
              )}
            </section>
          )}
          <BulkBar
            filter={filter}
            marked={items.filter(({ id }) => marks.has(id))}
            rest={isAll ? 0 : items.length}
            markAll={markAll}
            clear={() => setMarks(new Set())}
          />
        </div>
      </div>
    </>
  );
}

/** Returns how many jobs match, or undefined if the counts by status and type are not enough to tell. */
function matchingOf(filter: string, stats: Stats | undefined): number | undefined {
  const narrowing = narrowingOf(filter);
  return stats?.byType && narrowing.isWhole ? countJobs(stats.byType, narrowing) : undefined;
}

function stateOfList(isMarking: boolean, isHeld: boolean, isPointed: boolean): string {
  if (isMarking) return "Frozen while you mark";
  if (isHeld) return "Frozen; press z to unfreeze";
  return isPointed ? "Held while you point at it" : "Live";
}

/**
 * Describes which of the matching jobs are shown. The chosen order applies only to these, because the API always
 * returns the newest jobs.
 */
function shareOf(shown: number, matching: number | undefined, hasMore: boolean, sort: JobSortName): string {
  const { label } = JOB_SORTS.find(({ name }) => name === sort) ?? JOB_SORTS[0];
  const of = matching === undefined ? "" : ` of ${count(Math.max(matching, shown))}`;
  if (sort === "newest") return `1–${count(shown)}${of}`;
  return hasMore ? `The newest ${count(shown)}${of}, ${label.toLowerCase()}` : label;
}

function NoMatch({ filter, sort }: { filter: string; sort: JobSortName }) {
  return (
    <section class="panel">
      <div class="message">
        <Icon name="search" />
        <h2>{filter ? "No jobs match" : "No jobs yet"}</h2>
        <p>
          {filter
            ? "Widen the filter, or wait for a matching job."
            : "Submit a job to see everything that happens to it."}
        </p>
        <div class="actions">
          {filter && (
            <a class="btn" href={jobsAddress("", sort)}>
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
