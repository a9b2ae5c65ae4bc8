import type { Cell } from "./virtual-screen.ts";

const CELL = { width: 8.4, height: 18 };
const MARGIN = 16;
const PALETTE = [
  ...["#45475a", "#f38ba8", "#63c287", "#e5b567", "#7aa2f7", "#c58af9", "#5fc9d8", "#c9ccd3"],
  ...["#6c7086", "#ff7b72", "#7ee2a0", "#ffd479", "#7fb0ff", "#b6a1ff", "#7fe3f0", "#ffffff"],
];
const FOREGROUND = "#d5d8de";
const BACKGROUND = "#0e0f12";

/**
 * Renders a screen as SVG. Each run of cells with one style becomes one text element, stretched so that columns line
 * up.
 */
export function screenToSvg(rows: readonly (readonly Cell[])[], title: string): string {
  return svgOf(rows, title, rows.map(rowToSvg));
}

/** Renders one row at its position in the screen; empty if the row draws nothing. */
export function rowToSvg(cells: readonly Cell[], row: number): string {
  return runsOf(cells)
    .map((run) => runToSvg(run, row))
    .filter(Boolean)
    .join("\n");
}

/** Returns an SVG of a screen's size with the given content. */
export function svgOf(screen: readonly (readonly Cell[])[], title: string, body: readonly string[]): string {
  const cols = screen[0]?.length ?? 0;
  const width = cols * CELL.width + 2 * MARGIN;
  const height = screen.length * CELL.height + 2 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">`,
    ...body.filter(Boolean),
    "</g></svg>",
    "",
  ].join("\n");
}

interface Run {
  readonly start: number;
  readonly cells: Cell[];
}

function runsOf(cells: readonly Cell[]): Run[] {
  const runs: Run[] = [];
  for (const [column, cell] of cells.entries()) {
    const last = runs.at(-1);
    if (last && lookOf(last.cells[0]) === lookOf(cell)) last.cells.push(cell);
    else runs.push({ start: column, cells: [cell] });
  }
  return runs;
}

const lookOf = (cell: Cell | undefined) =>
  JSON.stringify([cell?.color, cell?.bold, cell?.dim, cell?.inverse]);

function runToSvg({ start, cells }: Run, row: number): string {
  const [look] = cells;
  const text = cells.map((cell) => (cell.width === 0 ? "" : cell.text)).join("");
  if (!look || (text.trim() === "" && !look.inverse)) return "";
  // Leading and trailing spaces draw nothing, so they are left out.
  const lead = look.inverse ? 0 : text.length - text.trimStart().length;
  const shown = look.inverse ? text : text.trim();
  const x = MARGIN + (start + lead) * CELL.width;
  const y = MARGIN + row * CELL.height;
  const color = look.color === undefined ? FOREGROUND : (PALETTE[look.color] ?? FOREGROUND);
  const cellsWide = look.inverse ? cells.length : [...shown].length;
  const bar = look.inverse
    ? `<rect x="${fixed(x)}" y="${y}" width="${fixed(cells.length * CELL.width)}" height="${CELL.height}" fill="${color}"/>`
    : "";
  const style = [
    `fill="${look.inverse ? BACKGROUND : color}"`,
    ...(look.bold ? ['font-weight="700"'] : []),
    ...(look.dim ? ['opacity="0.55"'] : []),
  ].join(" ");
  return `${bar}<text x="${fixed(x)}" y="${y + 13.5}" textLength="${fixed(cellsWide * CELL.width)}" lengthAdjust="spacingAndGlyphs" ${style}>${escaped(shown)}</text>`;
}

const fixed = (value: number) => Number(value.toFixed(1));
/** Escapes text for XML, and replaces spaces with no-break spaces, which renderers do not collapse. */
const escaped = (text: string) =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(" ", "\u00a0");
