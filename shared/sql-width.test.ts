import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const WIDEST = 120;
/** Matches the start of a tagged SQL statement. */
const STATEMENT = /(?<!`)\b(?:sql|tx|on|admin)(?:<[^`;]*>)?(?:\.unsafe\()?\s*`/g;

/** Returns the end of the template that begins at `start`, skipping templates inside its `${…}`. */
function endOf(text: string, start: number): number {
  let at = start;
  while (text[at] !== "`") {
    if (at >= text.length) throw new Error(`a template does not end: ${text.slice(start, start + 80)}`);
    if (text.startsWith("${", at)) at = endOfInsert(text, at + 2);
    else at += text[at] === "\\" ? 2 : 1;
  }
  return at + 1;
}

function endOfInsert(text: string, start: number): number {
  let depth = 1;
  let at = start;
  for (; depth > 0; ) {
    const char = text[at++];
    if (char === "`") at = endOf(text, at);
    else if (char === "{") depth++;
    else if (char === "}") depth--;
  }
  return at;
}

/** Returns the numbers of all lines that belong to a statement. */
function statementLines(text: string): Set<number> {
  const lineAt = (at: number) => text.slice(0, at).split("\n").length - 1;
  const lines = new Set<number>();
  for (const { index, 0: tag } of text.matchAll(STATEMENT)) {
    const last = lineAt(endOf(text, index + tag.length));
    for (let line = lineAt(index); line <= last; line++) lines.add(line);
  }
  return lines;
}

test("no line of SQL is wider than 120 columns", async () => {
  const wide: string[] = [];
  let statements = 0;
  for (const path of new Bun.Glob("{services,shared,tests}/**/*.{ts,sql}").scanSync(ROOT)) {
    const text = await Bun.file(join(ROOT, path)).text();
    const ofSql = path.endsWith(".sql") ? undefined : statementLines(text);
    statements += ofSql?.size ?? 0;
    text.split("\n").forEach((line, n) => {
      if (line.length > WIDEST && (!ofSql || ofSql.has(n))) wide.push(`${path}:${n + 1}`);
    });
  }
  expect(statements).toBeGreaterThan(500);
  expect(wide).toEqual([]);
});
