import { type Paint, paintOf } from "../paint.ts";

/** How text output looks where it is printed. */
export interface Style {
  readonly paint: Paint;
  /** Columns of the terminal; unlimited where output is not a terminal. */
  readonly width: number;
  /** The moment from which ages are counted, in milliseconds. */
  readonly now: number;
}

/** The style of a stream. */
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
