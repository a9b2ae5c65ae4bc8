import { findChromium } from "./browser.ts";
import { findNginx } from "./nginx.ts";

export type Program = "chromium" | "nginx";

/** How to find each program, and what to report if it is missing. Each name is also a Debian package. */
export const PROGRAMS: Readonly<Record<Program, { find(): string | null | undefined; missing: string }>> = {
  chromium: {
    find: findChromium,
    missing: "Chromium was not found; install it, or set CHROMIUM to its path",
  },
  nginx: { find: findNginx, missing: "nginx was not found; install it with apt-get install nginx" },
};

/** Returns why a suite cannot run: one sentence for each missing program. */
export const missingPrograms = (programs: readonly Program[]): string[] =>
  programs.filter((program) => !PROGRAMS[program].find()).map((program) => PROGRAMS[program].missing);
