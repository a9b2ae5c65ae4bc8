import type { Stats } from "../../../contracts/api-queries.ts";
import { JOB_STATUSES, type JobStatus } from "../../../contracts/job.ts";
import { readFilterText } from "../../../contracts/read-filter.ts";

type ByType = NonNullable<Stats["byType"]>;

/** The statuses and types to count. `undefined` means any. */
export interface Narrowing {
  readonly statuses?: readonly JobStatus[] | undefined;
  readonly types?: readonly string[] | undefined;
}

/**
 * Returns a filter's statuses and types. `isWhole` is true if the filter has no other condition: only then can its
 * matches be counted.
 */
export function narrowingOf(filter: string): Narrowing & { readonly isWhole: boolean } {
  const { filter: read, faults } = readFilterText("jobs", filter);
  const { status, type, ...others } = read;
  return {
    statuses: status === undefined ? undefined : [status].flat(),
    types: type === undefined ? undefined : [type].flat(),
    isWhole: faults.length === 0 && Object.keys(others).length === 0,
  };
}

/** Counts the jobs that have one of the statuses and one of the types. */
export function countJobs(byType: ByType, { statuses = JOB_STATUSES, types }: Narrowing): number {
  return (types ?? Object.keys(byType))
    .flatMap((type) => statuses.map((status) => byType[type]?.[status] ?? 0))
    .reduce((sum, count) => sum + count, 0);
}
