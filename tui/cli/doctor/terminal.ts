import type { Env } from "../context.ts";
import { type Check, ok, warn } from "./check.ts";

/** Checks the terminal features that the UI depends on: size, colors and UTF-8. */
export function checkTerminal(
  { isTTY, columns = 80, rows = 24 }: { isTTY?: boolean; columns?: number; rows?: number },
  env: Env,
  platform = process.platform,
): Check[] {
  const size = isTTY
    ? sizeCheck(columns, rows)
    : ok("terminal-size", "terminal size", "not checked: output is not a terminal");
  return [size, colorsCheck(env), utf8Check(env, platform)];
}

function sizeCheck(columns: number, rows: number): Check {
  const id = "terminal-size";
  const name = "terminal size";
  const detail = `${columns}×${rows}`;
  if (columns < 40 || rows < 12)
    return warn(id, name, `${detail} is too small for the UI`, "Enlarge it to 80×24 or more");
  if (columns < 80 || rows < 24)
    return warn(id, name, `${detail}: the UI drops columns`, "Enlarge it to 80×24 or more");
  return ok(id, name, detail);
}

function colorsCheck({ NO_COLOR, TERM = "", COLORTERM = "" }: Env): Check {
  const id = "colors";
  if (NO_COLOR) return ok(id, id, "disabled by NO_COLOR; glyphs and words convey the same information");
  if (/truecolor|24bit/.test(COLORTERM)) return ok(id, id, "16 million");
  if (TERM.includes("256")) return ok(id, id, "256");
  if (TERM === "" || TERM === "dumb")
    return warn(
      id,
      id,
      `TERM is ${TERM === "" ? "not set" : "dumb"}, so the UI shows no colors`,
      "export TERM=xterm-256color",
    );
  return ok(id, id, "16");
}

/** POSIX, section 8.2: LC_ALL takes precedence over LC_CTYPE, which takes precedence over LANG. */
function utf8Check({ LC_ALL, LC_CTYPE, LANG }: Env, platform: string): Check {
  const locale = LC_ALL || LC_CTYPE || LANG || "";
  if (platform === "win32" || /utf-?8/i.test(locale)) return ok("utf-8", "UTF-8", locale || "by default");
  return warn(
    "utf-8",
    "UTF-8",
    locale ? `the locale ${locale} is not UTF-8` : "no locale is set",
    "export LANG=C.UTF-8, or open the UI with --ascii",
  );
}
