import { JOB_SORTS, type JobSortName } from "../../../shared/job-sorts.ts";

const termsIn = (filter: string) => filter.split(/\s+/).filter(Boolean);
const isOf = (term: string, key: string) => term.toLowerCase().startsWith(`${key}:`);

/** Returns a key's value in a filter, exactly as typed. */
export const termOf = (filter: string, key: string) =>
  termsIn(filter)
    .find((term) => isOf(term, key))
    ?.slice(key.length + 1);

/** Returns the filter with the key set to a value, or without the key if there is no value. */
export function withTerm(filter: string, key: string, value: string | undefined): string {
  const rest = termsIn(filter).filter((term) => !isOf(term, key));
  const own = value ? [`${key}:${value}`] : [];
  return (key === "status" ? [...own, ...rest] : [...rest, ...own]).join(" ");
}

/** Returns the sort order named in the page's URL; newest first by default. */
export const sortOf = (query: URLSearchParams): JobSortName =>
  JOB_SORTS.find(({ name }) => name === query.get("sort"))?.name ?? JOB_SORTS[0].name;

/** Returns the next sort order, or the first after the last. */
export const nextSort = (sort: JobSortName): JobSortName =>
  (JOB_SORTS[JOB_SORTS.findIndex(({ name }) => name === sort) + 1] ?? JOB_SORTS[0]).name;

/** Returns the URL of a job list, as a link within the page. Default values are left out. */
export function jobsAddress(filter: string, sort: JobSortName = JOB_SORTS[0].name): string {
  const query = new URLSearchParams({
    ...(filter && { filter }),
    ...(sort !== JOB_SORTS[0].name && { sort }),
  });
  return query.size > 0 ? `#/jobs?${query}` : "#/jobs";
}
