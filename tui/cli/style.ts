import { type Paint, paintOf } from "../paint.ts";

/** How to format text output. */
export interface Style {
  readonly paint: Paint;
  /** The terminal's width in columns; infinite if output is not a terminal. */
  readonly width: number;
  /** The time that ages are relative to, in milliseconds. */
  readonly now: number;
}

/** Returns the style for text written to `out`. */
export function styleOf(
  out: Pick<NodeJS.WriteStream, "isTTY" | "columns">,
  env: Readonly<Record<string, string | undefined>>,
): Style {
  return {
    paint: paintOf(out, env),
    width: out.isTTY ? out.columns || 80 : Number.POSITIVE_INFINITY,
    now: Date.now(),
  };
}
