import { findChromium } from "./browser.ts";
import { findNginx } from "./nginx.ts";

export type Program = "chromium" | "nginx";

/** How each program is found, and how to install it when it is missing. Its name is also that of its Debian package. */
export const PROGRAMS: Readonly<Record<Program, { find(): string | null | undefined; missing: string }>> = {
  chromium: {
    find: findChromium,
    missing: "There is no Chromium; install it, or name it in CHROMIUM",
  },
  nginx: { find: findNginx, missing: "There is no nginx; install it with apt-get install nginx" },
};

/** Why a suite cannot run: one sentence for each program that it needs and that is missing. */
export const missingPrograms = (programs: readonly Program[]): string[] =>
  programs.filter((program) => !PROGRAMS[program].find()).map((program) => PROGRAMS[program].missing);
