import { box, type Canvas, invert, type Rect, write } from "../canvas.ts";
import { BOLD, type Line, type Span, span, textOf } from "../style.ts";
import { fit, sanitize, widthOf } from "../text.ts";

/** A titled part of a screen. If its lines do not all fit, the `selected` line stays visible. */
export interface Panel {
  readonly title: string;
  /** Right-aligned in the top border. */
  readonly headings?: Line;
  /** Right-aligned in the bottom border. */
  readonly footer?: Line;
  readonly lines: readonly Line[];
  /** How many lines at the top do not scroll. */
  readonly fixed?: number;
  /** The list index of the first line after the lines that do not scroll. If it is omitted, clicks select nothing. */
  readonly firstRow?: number;
  /** The index of the line under the cursor, not counting the fixed lines. */
  readonly selected?: number;
  /** Keeps the selected line visible without highlighting it. */
  readonly isCalm?: true;
  /** The text cursor's position within the lines. */
  readonly caret?: { readonly x: number; readonly y: number };
}

/** A panel with its position. */
export interface Placed {
  readonly panel: Panel;
  readonly rect: Rect;
}

/** Returns the visible lines, and the index of the first one below the fixed lines. */
export function inSight(
  { lines, fixed = 0, selected = 0 }: Panel,
  height: number,
): { lines: readonly Line[]; first: number } {
  const room = Math.max(0, height - fixed);
  const moving = lines.length - fixed;
  // Computes the visible lines from the cursor alone: centered on it, except near either end of the list.
  const first = Math.max(0, Math.min(moving - room, selected - Math.floor(room / 2)));
  return { lines: [...lines.slice(0, fixed), ...lines.slice(fixed + first, fixed + first + room)], first };
}

export function drawPanel(canvas: Canvas, { panel, rect }: Placed) {
  const { x, y, width, height } = rect;
  if (width < 4 || height < 3) return;
  box(canvas, rect);
  const title = ` ${panel.title} `;
  write(canvas, x + 1, y, [span(title, BOLD)], width - 2);
  atRight(canvas, x, y, width, panel.headings, widthOf(title) + 2);
  atRight(canvas, x, y + height - 1, width, panel.footer, 1);

  const inner = { x: x + 1, y: y + 1, width: width - 2, height: height - 2 };
  const { lines, first } = inSight(panel, inner.height);
  for (const [row, spans] of lines.entries()) write(canvas, inner.x, inner.y + row, spans, inner.width);
  if (
    !panel.isCalm &&
    panel.selected !== undefined &&
    panel.selected >= 0 &&
    panel.lines.length > (panel.fixed ?? 0)
  ) {
    const row = inner.y + (panel.fixed ?? 0) + panel.selected - first;
    if (row < inner.y + inner.height) {
      invert(canvas, inner.x, row, inner.width);
      write(canvas, inner.x, row, [span("▌", { bold: true })]);
    }
  }
  if (panel.caret) {
    const row = panel.caret.y - first;
    if (row >= 0 && row < inner.height)
      canvas.cursor = { x: Math.min(inner.x + inner.width - 1, inner.x + panel.caret.x), y: inner.y + row };
  }
}

function atRight(
  canvas: Canvas,
  x: number,
  y: number,
  width: number,
  spans: Line | undefined,
  taken: number,
) {
  if (!spans || spans.length === 0) return;
  const padded: Line = [span(" "), ...spans, span(" ")];
  const cells = widthOf(textOf(padded));
  if (cells + taken + 2 <= width) write(canvas, x + width - 1 - cells, y, padded, cells);
}

/** A column of a table. */
export interface Column<T> {
  readonly title: string;
  /** The width in cells, without the gap. A flexible column takes at least this much and any remaining width. */
  readonly width: number;
  readonly flexible?: true;
  readonly align?: "right";
  /** On a narrow terminal, columns with higher numbers are dropped first. A column without a number always stays. */
  readonly drop?: number;
  readonly cell: (row: T) => Span;
}

const GAP = 2;

/** Returns a table's heading and rows as lines. */
export function tableLines<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): Line[] {
  const shown = fitting(columns, width);
  const spare = Math.max(0, width - totalWidth(shown));
  const cells = (content: (column: Column<T>) => Span): Line =>
    shown.flatMap((column, index): Span[] => {
      const { text, style } = content(column);
      const room = column.width + (column.flexible ? spare : 0);
      return [
        span(" ".repeat(index === 0 ? 1 : GAP)),
        { text: fit(sanitize(text), room, column.align), style },
      ];
    });
  return [
    cells(({ title }) => span(title, { dim: true })),
    ...rows.map((row) => cells((column) => column.cell(row))),
  ];
}

/** Returns the total width of columns and gaps, with one free cell at either end. */
const totalWidth = (columns: readonly Column<never>[]) =>
  columns.reduce((sum, { width }) => sum + width + GAP, 2 - GAP);

/** Drops the least important columns until the rest fit. */
function fitting<T>(columns: readonly Column<T>[], width: number): readonly Column<T>[] {
  let shown = columns;
  while (totalWidth(shown) > width) {
    const droppable = shown.filter(({ drop }) => drop !== undefined);
    const [least] = droppable.toSorted((a, b) => (b.drop ?? 0) - (a.drop ?? 0));
    if (!least) break;
    shown = shown.filter((column) => column !== least);
  }
  return shown;
}
