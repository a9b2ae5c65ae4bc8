import { completeFilter } from "../contracts/complete-filter.ts";
import type { JobFilter } from "../contracts/filter-schema.ts";
import type { JobStatus } from "../contracts/job.ts";
import { readFilterText } from "../contracts/read-filter.ts";
import { statusWord } from "../contracts/status-words.ts";

/** Describes what is wrong with a filter. Returns undefined if it is valid. */
export function faultOf(filter: string): string | undefined {
  return readFilterText("jobs", filter).faults[0]?.message;
}

/** Parses a filter for the bulk actions. */
export function readJobFilter(filter: string): JobFilter {
  return readFilterText("jobs", filter).filter;
}

/** Returns the status that a filter selects, if it selects exactly one. */
export function statusIn(filter: string): JobStatus | undefined {
  const { status } = readJobFilter(filter);
  return Array.isArray(status) ? (status.length === 1 ? status[0] : undefined) : status;
}

/** Replaces the status of a filter, or removes it. */
export function withStatus(filter: string, status: JobStatus | undefined): string {
  const rest = filter.split(/\s+/).filter((term) => term && !/^status:/i.test(term));
  return [...(status ? [`status:${statusWord(status)}`] : []), ...rest].join(" ");
}

/** Returns the possible completions of a filter's last term. */
export function completions(filter: string, types: readonly string[]): readonly string[] {
  return completeFilter("jobs", filter, filter.length, { types }).options.map(({ insert }) => insert);
}

/** Completes a filter's last term to the longest common prefix of the candidates. */
export function complete(filter: string, types: readonly string[]): string {
  const { from, options } = completeFilter("jobs", filter, filter.length, { types });
  const [first] = options;
  if (!first) return filter;
  let { length } = first.insert;
  for (const { insert } of options) while (!insert.startsWith(first.insert.slice(0, length))) length--;
  const agreed = first.insert.slice(0, length);
  return agreed.length >= filter.length - from ? filter.slice(0, from) + agreed : filter;
}
