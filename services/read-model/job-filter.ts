import type { JobStatus } from "../../contracts/job.ts";
import type { Position } from "./cursor.ts";
import { idRange } from "./id-prefix.ts";
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

/** A place where a text may be found. `ordered`: its index has the order of a page too. */
export interface Place {
  readonly condition: Fragment;
  readonly ordered: boolean;
}

/**
 * Where a search text may be found, one condition for each place, so that each can be looked up in its own index.
 * The last word may be the beginning of one. `types` are the job types there are.
 */
export function places(sql: Sql, text: string, types: readonly string[]): Place[] {
  const wanted = text.trim().toLowerCase();
  // `plainto_tsquery` cuts words as the index does; `:*` makes the last one a beginning. A text without words is none.
  const words = sql`nullif(nullif(plainto_tsquery('simple', ${text})::text, '') || ':*', ':*')::tsquery`;
  const found: Place[] = [
    { condition: sql`payload <> '{}' and to_tsvector('simple', payload) @@ ${words}`, ordered: false },
    { condition: sql`error is not null and to_tsvector('simple', error) @@ ${words}`, ordered: false },
  ];
  const range = idRange(text);
  if (range)
    found.push({ condition: sql`id between ${range.first}::uuid and ${range.last}::uuid`, ordered: false });
  if (wanted)
    for (const type of types.filter((name) => name.toLowerCase().includes(wanted)).slice(0, 8))
      found.push({ condition: sql`type = ${type}`, ordered: true });
  return found;
}

function either(sql: Sql, fragments: readonly Fragment[]): Fragment {
  return fragments.reduce((whole, one) => sql`${whole} or ${one}`);
}
