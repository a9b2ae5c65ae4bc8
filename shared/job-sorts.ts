import type { JobSummary } from "../contracts/job.ts";

type Sortable = Pick<JobSummary, "createdAt" | "durationMs" | "type" | "attempt">;

interface JobSort {
  readonly name: string;
  readonly label: string;
  readonly key: (job: Sortable) => string | number;
}

/**
 * The sort orders of a job list, in the terminal UI and on the page. The first is the order in which the service
 * returns the jobs.
 */
export const JOB_SORTS = [
  { name: "newest", label: "Newest first", key: (job) => -Date.parse(job.createdAt) },
  { name: "oldest", label: "Oldest first", key: (job) => Date.parse(job.createdAt) },
  { name: "slowest", label: "Slowest first", key: (job) => -(job.durationMs ?? -1) },
  { name: "type", label: "By type", key: (job) => job.type },
  { name: "tries", label: "Most tries first", key: (job) => -(job.attempt ?? 0) },
] as const satisfies readonly JobSort[];
export type JobSortName = (typeof JOB_SORTS)[number]["name"];

/** Sorts the jobs that a client has loaded; equal jobs keep their order. Returns the same list for the first sort. */
export function sortJobs<J extends Sortable>(jobs: readonly J[], name: JobSortName): readonly J[] {
  const sort: JobSort = JOB_SORTS.find((one) => one.name === name) ?? JOB_SORTS[0];
  return sort.name === JOB_SORTS[0].name ? jobs : jobs.toSorted((a, b) => compare(sort.key(a), sort.key(b)));
}

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0);
