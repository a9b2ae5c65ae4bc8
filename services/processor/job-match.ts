import type { JobFilter } from "../../contracts/filter-schema.ts";
import type { JobStatus } from "../../contracts/job.ts";
import { jobConditions } from "../../shared/job-filter-sql.ts";
import { jobTypes, textMatches } from "../../shared/job-text.ts";
import { plainArray, type Sql } from "../../shared/postgres.ts";

/** The condition for jobs that match a filter, as `GET /jobs` lists them, and have one of these statuses. */
export async function jobMatch(sql: Sql, filter: JobFilter, statuses: readonly JobStatus[]) {
  const { text } = filter;
  const match = sql`status = any(${plainArray(statuses)}::text[]) and ${jobConditions(sql, filter)}`;
  if (text === undefined) return { sql: match };
  // The text may also match the name of a type that has jobs.
  const containsText = textMatches(sql, text, await jobTypes(sql))
    .map(({ condition }) => sql`(${condition})`)
    .reduce((whole, one) => sql`${whole} or ${one}`);
  return { sql: sql`${match} and (${containsText})` };
}
