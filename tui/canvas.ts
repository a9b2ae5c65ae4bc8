import { ASCII } from "./glyphs.ts";
import { DIM, type Line, PLAIN, type Style } from "./style.ts";
import { widthOf } from "./text.ts";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One frame as a grid of cells, drawn by views and shown by the screen. A wide glyph is followed by an empty cell. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly chars: string[];
  readonly styles: Style[];
  /** The text cursor's cell, if the user is typing. */
  cursor?: { readonly x: number; readonly y: number };
}

export function createCanvas(width: number, height: number): Canvas {
  const cells = width * height;
  return { width, height, chars: new Array(cells).fill(" "), styles: new Array(cells).fill(PLAIN) };
}

/**
 * Writes spans starting at (x, y) and ends text wider than `width` cells with `…`. Returns the number of cells used.
 */
export function write(canvas: Canvas, x: number, y: number, spans: Line, width = canvas.width - x): number {
  const room = Math.min(width, canvas.width - x);
  if (y < 0 || y >= canvas.height || room <= 0) return 0;
  const overflows = spans.reduce((sum, { text }) => sum + widthOf(text), 0) > room;
  const end = x + room - (overflows ? 1 : 0);
  let at = x;
  for (const { text, style = PLAIN } of spans)
    for (const point of text) {
      const cells = widthOf(point);
      if (at + cells > end) {
        put(canvas, at, y, "…", style, 1);
        return room;
      }
      put(canvas, at, y, point, style, cells);
      at += cells;
    }
  return at - x;
}

function put(canvas: Canvas, x: number, y: number, point: string, style: Style, cells: number) {
  if (x < 0 || x + cells > canvas.width) return;
  const index = y * canvas.width + x;
  canvas.chars[index] = point;
  canvas.styles[index] = style;
  if (cells === 2) {
    canvas.chars[index + 1] = "";
    canvas.styles[index + 1] = style;
  }
}

/** Shows a row of cells as selected by reversing its colors. */
export function invert(canvas: Canvas, x: number, y: number, width: number) {
  if (y < 0 || y >= canvas.height) return;
  for (let column = x; column < Math.min(x + width, canvas.width); column++) {
    const index = y * canvas.width + column;
    canvas.styles[index] = { ...canvas.styles[index], dim: false, inverse: true };
  }
}

export function clear(canvas: Canvas, { x, y, width, height }: Rect) {
  for (let row = y; row < y + height; row++)
    for (let column = x; column < x + width; column++) put(canvas, column, row, " ", PLAIN, 1);
}

/** Draws a rounded border around a rectangle. */
export function box(canvas: Canvas, { x, y, width, height }: Rect, style: Style = DIM) {
  const middle = "─".repeat(Math.max(0, width - 2));
  write(canvas, x, y, [{ text: `╭${middle}╮`, style }]);
  for (let row = y + 1; row < y + height - 1; row++) {
    write(canvas, x, row, [{ text: "│", style }]);
    write(canvas, x + width - 1, row, [{ text: "│", style }]);
  }
  write(canvas, x, y + height - 1, [{ text: `╰${middle}╯`, style }]);
}

/** Replaces every glyph with its ASCII stand-in, for terminals and fonts without Unicode. */
export function toAscii({ chars }: Canvas) {
  for (const [index, char] of chars.entries())
    if (char === "" || char > "~") chars[index] = ASCII[char] ?? "?";
}

/** Returns the frame as lines of text without trailing spaces, for golden files and `--plain`. */
export function toText({ width, height, chars }: Canvas): string {
  const rows: string[] = [];
  for (let y = 0; y < height; y++)
    rows.push(
      chars
        .slice(y * width, (y + 1) * width)
        .join("")
        .trimEnd(),
    );
  return rows.join("\n");
}
