import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The percentage of lines that tests must cover in each service, in the terminal UI and in the page. */
export const LEAST_COVERAGE = 80;

/** The terminal UI without its command line, launcher and engines. */
export const TERMINAL_UI = "tui";
/** The page, measured in Chromium, and its server, measured in Bun. */
export const WEB = "web";

// Bun.Glob does not expand braces that contain a slash.
const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  [TERMINAL_UI]: ["tui/*.ts", "tui/views/*.ts"],
  [WEB]: ["web/**/*.ts", "web/**/*.tsx"],
};
const patternsOf = (service: string) => PATTERNS[service] ?? [`services/${service}/**/*.ts`];

export interface ServiceCoverage {
  readonly service: string;
  readonly lines: number;
  readonly hit: number;
}

/**
 * Computes line coverage by service from all lcov reports below a folder. A line counts as hit if any process ran it.
 * In a file that no process loaded, every line that is not blank counts as missed, so that dead code is visible.
 */
export async function coverageByService(
  folder: string,
  root: string,
  services: readonly string[],
): Promise<ServiceCoverage[]> {
  const hits = new Map<string, Map<number, boolean>>();
  for await (const report of new Bun.Glob("**/lcov.info").scan(folder))
    readReport(readFileSync(join(folder, report), "utf8"), hits);
  return Promise.all(
    services.map(async (service) => {
      let lines = 0;
      let hit = 0;
      for (const file of patternsOf(service).flatMap((pattern) => [
        ...new Bun.Glob(pattern).scanSync(root),
      ])) {
        if (file.endsWith(".test.ts") || file.endsWith(".d.ts")) continue;
        const known = hits.get(file);
        if (!known)
          lines += readFileSync(join(root, file), "utf8")
            .split("\n")
            .filter((line) => line.trim() !== "").length;
        for (const ran of known?.values() ?? []) {
          lines++;
          if (ran) hit++;
        }
      }
      return { service, lines, hit };
    }),
  );
}

function readReport(text: string, hits: Map<string, Map<number, boolean>>): void {
  let current: Map<number, boolean> | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("SF:")) {
      const file = line.slice(3);
      current = hits.get(file) ?? new Map();
      hits.set(file, current);
    } else if (line.startsWith("DA:") && current) {
      const [number, count] = line.slice(3).split(",").map(Number);
      if (number !== undefined) current.set(number, current.get(number) === true || (count ?? 0) > 0);
    }
  }
}
