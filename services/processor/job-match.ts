import type { JobFilter } from "../../contracts/filter-schema.ts";
import type { JobStatus } from "../../contracts/job.ts";
import { jobConditions } from "../../shared/job-filter-sql.ts";
import { jobTypes, textMatches } from "../../shared/job-text.ts";
import { plainArray, type Sql } from "../../shared/postgres.ts";

/** Returns the condition for jobs that have one of these statuses and match a filter, as in `GET /jobs`. */
export async function jobMatch(sql: Sql, filter: JobFilter, statuses: readonly JobStatus[]) {
  const { text } = filter;
  const match = sql`status = any(${plainArray(statuses)}::text[]) and ${jobConditions(sql, filter)}`;
  if (text === undefined) return { sql: match };
  // The text may match the name of a type, so the names of all types in the store are read.
  const containsText = textMatches(sql, text, await jobTypes(sql))
    .map(({ condition }) => sql`(${condition})`)
    .reduce((whole, one) => sql`${whole} or ${one}`);
  return { sql: sql`${match} and (${containsText})` };
}
