import type { Fragment } from "postgres";
import { jsonLines, plainArray, type Sql, textArray } from "./postgres.ts";

/**
 * A column of the rows that are passed to a statement: its type, and its value in each row. `text` may contain any
 * characters and is quoted; `word` is text that needs no quoting. `json` is JSON text, which has the type `text` in
 * SQL; null becomes NULL.
 */
type Column =
  | readonly [type: "text" | "json", values: readonly (string | null)[]]
  | readonly [type: keyof typeof PLAIN, values: readonly (string | number | Date | null)[]];

export type Columns = Readonly<Record<string, Column>>;

/** Types whose values need no quoting, with PostgreSQL's name for their array type. */
const PLAIN = {
  uuid: "uuid[]",
  word: "text[]",
  smallint: "smallint[]",
  int: "int[]",
  bigint: "bigint[]",
  float8: "float8[]",
  timestamptz: "timestamptz[]",
} as const;

/**
 * Returns rows as a FROM item: `unnest(…) as name (column, …)`, with one parameter per column however many rows there
 * are. If `place` is given, an additional column of that name numbers the rows from 1. All names become part of the SQL
 * text, so they must be constants, never input.
 */
export function unnestSql(sql: Sql, name: string, columns: Columns, place?: string): Fragment {
  const lists = Object.values(columns).map((column, n) =>
    n === 0 ? listSql(sql, column) : sql`, ${listSql(sql, column)}`,
  );
  const names = [...Object.keys(columns), ...(place ? [place] : [])].join(", ");
  return sql`unnest(${lists}) ${sql.unsafe(`${place ? "with ordinality " : ""}as ${name} (${names})`)}`;
}

function listSql(sql: Sql, [type, values]: Column): Fragment {
  if (type === "json") return sql`string_to_array(${jsonLines(values)}, E'\\n', '')`;
  if (type === "text") return sql`${textArray(values)}::text[]`;
  return sql`${plainArray(values)}::${sql.unsafe(PLAIN[type])}`;
}
