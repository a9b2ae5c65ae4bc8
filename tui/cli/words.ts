import type { JobStatus } from "../../contracts/job.ts";
import { statusWord } from "../../contracts/status-words.ts";
import { age as formatAge } from "../../shared/format.ts";
import { STATUS_GLYPHS, statusStyle } from "../glyphs.ts";
import type { Paint } from "../paint.ts";
import type { Color } from "../style.ts";
import type { Style } from "./style.ts";

/** Formats how far a time is from now, in the past or the future. */
export function age(at: string | null | undefined, { now }: Style): string {
  return at ? formatAge(Math.abs(now - Date.parse(at))) : "–";
}

const COLORS: Readonly<Record<Color, keyof Paint>> = {
  accent: "bold",
  good: "green",
  busy: "cyan",
  later: "cyan",
  warn: "yellow",
  bad: "red",
  odd: "red",
};

/** Formats a status as a glyph and a word, in its color. */
export function status(value: JobStatus, { paint }: Style): string {
  const { color, dim } = statusStyle(value);
  const text = `${STATUS_GLYPHS[value] ?? "?"} ${statusWord(value)}`;
  return dim ? paint.dim(text) : color ? paint[COLORS[color]](text) : text;
}
