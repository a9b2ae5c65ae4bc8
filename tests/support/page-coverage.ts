import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { eachMapping, TraceMap } from "@jridgewell/trace-mapping";
import type { Page } from "playwright";
import { buildPage } from "../../web/build.ts";

const ROOT = join(import.meta.dir, "../..");

/** Chromium's coverage of one script: nested text ranges, each with an execution count. */
type Script = Awaited<ReturnType<Page["coverage"]["stopJSCoverage"]>>[number];

let maps: Promise<ReadonlyMap<string, TraceMap>> | undefined;
let reports = 0;

/**
 * Starts measuring which lines of the page's sources run in a tab. The returned function writes a report for
 * {@link coverageByService}.
 */
export async function measurePage(page: Page, folder: string): Promise<() => Promise<void>> {
  await page.coverage.startJSCoverage({ resetOnNavigation: false });
  return async () => {
    const scripts = await page.coverage.stopJSCoverage();
    maps ??= sourceMaps();
    const lines = new Map<string, Map<number, boolean>>();
    for (const script of scripts) {
      const map = (await maps).get(basename(new URL(script.url).pathname));
      if (map && script.source) addLines(lines, script, script.source, map);
    }
    const report = join(folder, `page-${process.pid}-${reports++}`);
    mkdirSync(report, { recursive: true });
    writeFileSync(join(report, "lcov.info"), lcovOf(lines));
  };
}

/** Returns the source maps of the page's scripts, by script name. Builds the same bundle as the page's server. */
async function sourceMaps(): Promise<ReadonlyMap<string, TraceMap>> {
  const folder = mkdtempSync(join(tmpdir(), "page-maps-"));
  try {
    await buildPage(folder, { sourceMaps: true });
    const found = new Map<string, TraceMap>();
    for (const name of new Bun.Glob("*.js.map").scanSync(folder)) {
      const map = JSON.parse(readFileSync(join(folder, name), "utf8")) as { sources: string[] };
      const sources = map.sources.map((source) => relative(ROOT, resolve(folder, source)));
      found.set(name.replace(/\.map$/, ""), new TraceMap({ ...map, sources } as never));
    }
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function addLines(
  lines: Map<string, Map<number, boolean>>,
  script: Script,
  text: string,
  map: TraceMap,
): void {
  const ran = new Uint8Array(text.length);
  const ranges = script.functions.flatMap(({ ranges }) => ranges);
  // Applies outer ranges first. An inner range is shorter, and its count overrides that of the outer range.
  ranges.sort((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
  for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  eachMapping(map, ({ source, originalLine, generatedLine, generatedColumn }) => {
    if (!source?.startsWith("web/") || originalLine === null) return;
    const offset = (starts[generatedLine - 1] ?? 0) + generatedColumn;
    const file = lines.get(source) ?? new Map<number, boolean>();
    lines.set(source, file);
    file.set(originalLine, file.get(originalLine) === true || ran[offset] === 1);
  });
}

function lcovOf(lines: ReadonlyMap<string, ReadonlyMap<number, boolean>>): string {
  return [...lines]
    .map(([file, hits]) =>
      [`SF:${file}`, ...[...hits].map(([line, hit]) => `DA:${line},${hit ? 1 : 0}`), "end_of_record\n"].join(
        "\n",
      ),
    )
    .join("");
}
