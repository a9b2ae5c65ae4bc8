import { afterAll, beforeAll, expect, test } from "bun:test";
import { openPostgres, type Sql } from "../../shared/postgres.ts";
import { unnestSql } from "../../shared/unnest-sql.ts";
import { testEngines } from "../support/engines.ts";

let sql: Sql;
beforeAll(async () => {
  const { postgres } = await testEngines(["postgres"]);
  sql = openPostgres({ url: postgres.url, max: 1, name: "test", arrays: false });
});
afterAll(() => sql.end());

test("rows reach a statement unchanged, whatever text they contain", async () => {
  const id = crypto.randomUUID();
  const at = new Date(0);
  const texts = [`a "b" \\ {c}, NULL`, null, ""];
  const given = unnestSql(
    sql,
    "given",
    {
      id: ["uuid", [id, null, id]],
      text: ["text", texts],
      word: ["word", ["COMPLETED", null, "FAILED"]],
      count: ["int", [1, null, -1]],
      at: ["timestamptz", [at, null, at]],
      body: ["json", ['{"text":"line\\nbreak"}', null, "[]"]],
    },
    "place",
  );
  const rows = await sql`select *, body::jsonb as body from ${given} order by place desc`;
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { id, text: "", word: "FAILED", count: -1, at, body: [], place: "3" },
    { id: null, text: null, word: null, count: null, at: null, body: null, place: "2" },
    { id, text: texts[0], word: "COMPLETED", count: 1, at, body: { text: "line\nbreak" }, place: "1" },
  ]);
});

test("an empty list yields no rows", async () => {
  expect(await sql`select * from ${unnestSql(sql, "given", { id: ["uuid", []] })}`).toHaveLength(0);
});
