import { styleText } from "node:util";

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

export const PLAIN: Paint = {
  bold: String,
  dim: String,
  red: String,
  green: String,
  yellow: String,
  cyan: String,
};

const painted = (format: keyof Paint) => (text: string) => styleText(format, text, { validateStream: false });

const COLORED: Paint = {
  bold: painted("bold"),
  dim: painted("dim"),
  red: painted("red"),
  green: painted("green"),
  yellow: painted("yellow"),
  cyan: painted("cyan"),
};

/**
 * Returns colors for a color terminal, unless NO_COLOR (no-color.org) is set, and plain text for any other stream.
 */
export function paintOf(
  { isTTY }: Pick<NodeJS.WriteStream, "isTTY">,
  { TERM, NO_COLOR }: Readonly<Record<string, string | undefined>>,
): Paint {
  return isTTY === true && TERM !== "dumb" && !NO_COLOR ? COLORED : PLAIN;
}
