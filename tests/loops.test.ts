import { expect, test } from "bun:test";
import { join } from "node:path";
import { readRules } from "./support/rule-book.ts";

const ROOT = join(import.meta.dir, "..");
/**
 * Code that runs in services. Clients, such as the API client, are left out: their users see the retries, so no check
 * needs to report them.
 */
const SOURCES = ["services/*/*.ts", "shared/*.ts", "shared/{bus,observations,http,tracing}/**/*.ts"];
const HEADERS = [
  /\buntilItSucceeds\(/g,
  /\bwhile \(!(?:[\w.]+\.aborted|closed)\b/g,
  /\bfor \([^;\n]*;[^;\n]*!\w+\.aborted;/g,
];
const ENDLESS = /\bfor \((?:let \w+ = \w+)?; ;[^)]*\)|\bfor \(;;\)/g;
/** `for (;;)` loops without a wait are left out, because they end on their own, for example after the last page. */
const WAITS = /\b(?:pause|sleep)\(/;
/** Files that define the retry mechanism or wait only for a limited time. */
const MECHANISM = ["shared/async.ts", "shared/until.ts"];

async function text(path: string): Promise<string> {
  return Bun.file(join(ROOT, path)).text();
}

function loopsOf(source: string): number {
  const code = source.replace(/^import .*$|^\s*(?:\/\/|\*|\/\*).*$/gm, "");
  const endless = [...code.matchAll(ENDLESS)].filter(({ index }) =>
    WAITS.test(code.slice(index, index + 1_500).split(/\n {2,4}\}\n/)[0] ?? ""),
  );
  return HEADERS.reduce((count, header) => count + [...code.matchAll(header)].length, endless.length);
}

async function tableRows(): Promise<{ path: string; shown: string }[]> {
  const section = (await text("docs/invariants.md")).split("## Loops that retry")[1] ?? "";
  return [...section.matchAll(/^\| `([^`]+)` *\|[^|]*\|([^|]*)\|$/gm)].map(([, path = "", shown = ""]) => ({
    path,
    shown: shown.trim(),
  }));
}

test("docs/invariants.md lists exactly the loops that retry until they succeed", async () => {
  const found: string[] = [];
  for (const path of SOURCES.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync(ROOT)])) {
    if (path.endsWith(".test.ts") || MECHANISM.includes(path)) continue;
    for (let n = loopsOf(await text(path)); n > 0; n--) found.push(path);
  }
  expect(found.length).toBeGreaterThan(10);
  expect((await tableRows()).map(({ path }) => path).sort()).toEqual(found.sort());
});

test("each retry loop in docs/invariants.md names the readiness check, duty or alert that reports it when it is stuck", async () => {
  const alerts = new Set(readRules().map((rule) => rule.alert));
  const runbook = await text("docs/runbooks/DutyStuck.md");
  const mains = await Promise.all(
    [
      "services/processor/main.ts",
      "services/metrics-engine/main.ts",
      "services/read-model/read-model.ts",
    ].map(text),
  );
  for (const { path, shown } of await tableRows()) {
    expect({ path, shown }).toEqual({
      path,
      shown: expect.stringMatching(/^(?:readiness: |dut(?:y|ies) `|alert `)/),
    });
    for (const [, name = ""] of shown.matchAll(/`(\w+)`/g)) {
      if (alerts.has(name)) continue;
      expect({ path, name, inRunbook: runbook.includes(`| \`${name}\``) }).toEqual({
        path,
        name,
        inRunbook: true,
      });
      expect({ path, name, wired: mains.some((main) => main.includes(`${name}:`)) }).toEqual({
        path,
        name,
        wired: true,
      });
    }
  }
});
