import { stringWidth } from "bun";
import { cut } from "../text.ts";
import type { Style } from "./style.ts";

export interface Column {
  readonly title: string;
  readonly align?: "right";
}

const GAP = "  ";

/**
 * Formats rows below a line of titles. Each cell must be one line of sanitized text and may contain colors. On a
 * terminal, the last column is truncated with … if the line would wrap; elsewhere nothing is truncated.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, index) =>
    Math.max(...[titles, ...rows].map((row) => stringWidth(row[index] ?? ""))),
  );
  const left = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  const room = Math.max(8, style.width - left);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const isLast = index === columns.length - 1;
        const text = isLast ? cut(cell, room) : cell;
        const space = " ".repeat(Math.max(0, (widths[index] ?? 0) - stringWidth(text)));
        if (columns[index]?.align === "right") return space + text;
        return isLast ? text : text + space;
      })
      .join(GAP)
      .trimEnd();
  return [style.paint.dim(line(titles)), ...rows.map(line)].join("\n");
}

/** Formats names and values in two columns. */
export function facts(pairs: readonly (readonly [string, string | undefined])[], { paint }: Style): string {
  const shown = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${paint.dim(name.padEnd(width))}${GAP}${value}`).join("\n");
}
