import type postgres from "postgres";
import { idRange } from "./id-prefix.ts";
import { anyOf } from "./job-filter-sql.ts";
import type { Sql } from "./postgres.ts";

type Fragment = postgres.PendingQuery<postgres.Row[]>;

/** A condition for one place in which a search text may occur: the payload, the error, the id or the type's name. */
export interface TextMatch {
  readonly condition: Fragment;
  /** The job types that the condition matches; set only in the condition on the type's name. */
  readonly types?: readonly string[];
}

/**
 * Returns a condition for each place in which a search text may be found, so each can use its own index. The last word
 * may be a prefix. `types` are the types that have jobs.
 */
export function textMatches(sql: Sql, text: string, types: readonly string[]): TextMatch[] {
  const wanted = text.trim().toLowerCase();
  const words = wordsOf(sql, text);
  // PostgreSQL estimates that an unknown prefix matches 2% of all jobs, although only jobs with an error can match.
  // It would therefore read every failed job instead of the text index. The condition is repeated, because PostgreSQL
  // then multiplies the two estimates, which makes the index look cheaper.
  const inError = sql`to_tsvector('simple', error) @@ ${words}`;
  const found: TextMatch[] = [
    { condition: sql`payload <> '{}' and to_tsvector('simple', payload) @@ ${words}` },
    { condition: sql`error is not null and ${inError} and ${inError}` },
  ];
  const range = idRange(text);
  if (range) found.push({ condition: sql`id between ${range.first}::uuid and ${range.last}::uuid` });
  const named = wanted ? types.filter((name) => name.toLowerCase().includes(wanted)).slice(0, 8) : [];
  if (named.length > 0) found.push({ condition: anyOf(sql, sql`type`, named), types: named });
  return found;
}

/** Returns a query that matches all words of a text; the last word may be a prefix. */
export function wordsOf(sql: Sql, text: string): Fragment {
  // `plainto_tsquery` splits words as the index does, and `:*` makes the last one a prefix. A text without words
  // matches nothing.
  return sql`nullif(nullif(plainto_tsquery('simple', ${text})::text, '') || ':*', ':*')::tsquery`;
}

/** Returns the types that have jobs. Skips through the index from type to type instead of reading every row. */
export async function jobTypes(sql: Sql): Promise<string[]> {
  const rows = await sql<{ type: string }[]>`
    with recursive hop as (
      (select type from jobs order by type limit 1)
      union all
      select (select type from jobs where type > hop.type order by type limit 1) from hop where hop.type is not null
    )
    select type from hop where type is not null limit 1000`;
  return rows.map(({ type }) => type);
}
