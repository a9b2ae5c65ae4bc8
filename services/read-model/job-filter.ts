import type { JobStatus } from "../../contracts/job.ts";
import type { Position } from "./cursor.ts";
import type { Fragment, Sql } from "./job-store.ts";
import type { PayloadFilter } from "./payload-filter.ts";

/** What `GET /jobs` asks for. Both times are exclusive. */
export interface JobFilter {
  readonly status?: JobStatus;
  readonly type?: string;
  readonly text?: string;
  readonly parentId?: string;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  readonly payload: readonly PayloadFilter[];
}

/** The conditions that all must hold, in the words of the indexes: a partial index serves who repeats its condition. */
export function conditions(sql: Sql, filter: JobFilter, after: Position | undefined): Fragment {
  const all = [sql`true`];
  if (filter.status) all.push(sql`status = ${filter.status}`);
  if (filter.type) all.push(sql`type = ${filter.type}`);
  if (filter.parentId) all.push(sql`parent_id = ${filter.parentId}`);
  if (filter.createdAfter) all.push(sql`created_at > ${filter.createdAfter}::text::timestamptz`);
  if (filter.createdBefore) all.push(sql`created_at < ${filter.createdBefore}::text::timestamptz`);
  for (const { field, values } of filter.payload)
    all.push(
      sql`payload <> '{}' and (${either(
        sql,
        values.map((value) => sql`payload @> ${sql.json({ [field]: value } as never)}`),
      )})`,
    );
  if (after)
    all.push(
      sql`(created_at, id) < (timestamptz 'epoch' + ${after.micros}::bigint * interval '1 microsecond', ${after.id}::uuid)`,
    );
  return all.reduce((whole, one) => sql`${whole} and ${one}`);
}

function either(sql: Sql, fragments: readonly Fragment[]): Fragment {
  return fragments.reduce((whole, one) => sql`${whole} or ${one}`);
}
