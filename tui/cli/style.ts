/** How text output looks where it is printed. */
export interface Style {
  readonly paint: Paint;
  /** Columns of the terminal; unlimited where output is no terminal. */
  readonly width: number;
  /** The moment that ages are counted from, in milliseconds. */
  readonly now: number;
}

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const code = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`;

export const PLAIN: Paint = {
  bold: String,
  dim: String,
  red: String,
  green: String,
  yellow: String,
  cyan: String,
};
const COLOURED: Paint = {
  bold: code(1, 22),
  dim: code(2, 22),
  red: code(31, 39),
  green: code(32, 39),
  yellow: code(33, 39),
  cyan: code(36, 39),
};

/** The style of a stream: colours only on a terminal that has them and where NO_COLOR (no-color.org) is not set. */
export function styleOf(
  out: Pick<NodeJS.WriteStream, "isTTY" | "columns">,
  env: Readonly<Record<string, string | undefined>>,
): Style {
  const hasColours = out.isTTY === true && env.TERM !== "dumb" && !env.NO_COLOR;
  return {
    paint: hasColours ? COLOURED : PLAIN,
    width: out.isTTY ? out.columns || 80 : Number.POSITIVE_INFINITY,
    now: Date.now(),
  };
}
