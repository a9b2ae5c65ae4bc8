import { type Canvas, clear, invert, type Rect, write } from "../canvas.ts";
import { type Binding, keymapOf } from "../keys.ts";
import { type Overlay, placeOf, type State } from "../model.ts";
import { paletteEntries } from "../overlays.ts";
import { bold, dim, type Line, span } from "../style.ts";
import { fit, widthOf } from "../text.ts";
import { drawPanel } from "./panel.ts";

/** Draws the help or the palette over the screen. */
export function drawOverlay(canvas: Canvas, state: State, overlay: Overlay) {
  if (overlay.kind === "help") drawHelp(canvas, state, overlay.scroll);
  if (overlay.kind === "palette") drawPalette(canvas, state, overlay);
}

function drawHelp(canvas: Canvas, state: State, scroll: number) {
  const width = Math.min(canvas.width, 92);
  const rect: Rect = { x: Math.floor((canvas.width - width) / 2), y: 1, width, height: canvas.height - 2 };
  const lines = helpLines(state, width - 2);
  const first = Math.max(0, Math.min(scroll, lines.length - (rect.height - 2)));
  clear(canvas, rect);
  const more =
    lines.length > rect.height - 2
      ? [dim(`${first + 1} to ${Math.min(lines.length, first + rect.height - 2)} of ${lines.length}`)]
      : [];
  drawPanel(canvas, { panel: { title: "Help", lines: lines.slice(first), footer: more }, rect });
}

/** Lists the current screen's keys first, then the keys that work everywhere. */
export function helpLines(state: State, width: number): Line[] {
  const { screen } = placeOf(state);
  const here = keymapOf(state).filter(({ screens }) => screens?.includes(screen));
  const everywhere = keymapOf(state).filter(({ screens }) => !screens);
  const line = (binding: Binding): Line => {
    const { shown, help, changes, when } = binding;
    const isIdle = (when && !when(state)) || (changes && state.options.readOnly);
    const text = changes && state.options.readOnly ? `${help} (not in a read-only session)` : help;
    return [
      span(` ${fit(shown, 8)} `, { bold: true, dim: isIdle }),
      span(fit(text, Math.max(0, width - 10)), isIdle ? { dim: true } : {}),
    ];
  };
  const words = [
    " Status is a glyph and a word: ● completed  ◐ executing  ○ waiting  ◷ scheduled",
    " ↻ retrying  ✕ failed  ⊘ cancelled  ⊗ rejected",
  ];
  return [
    [bold(" On this screen")],
    ...here.map(line),
    [],
    [bold(" Everywhere")],
    ...everywhere.map(line),
    [],
    ...words.map((text): Line => [dim(text)]),
    [dim(` odd-dashboard ${state.options.version}; reads ${state.options.where}`)],
  ];
}

function drawPalette(canvas: Canvas, state: State, { text, index }: Extract<Overlay, { kind: "palette" }>) {
  const entries = paletteEntries(state, text);
  const width = Math.min(canvas.width - 2, 76);
  const rows = Math.max(1, Math.min(entries.length, canvas.height - 6));
  const rect: Rect = { x: Math.floor((canvas.width - width) / 2), y: 1, width, height: rows + 3 };
  const first = Math.max(0, Math.min(entries.length - rows, index - Math.floor(rows / 2)));
  const names = Math.min(20, Math.floor(width / 3));
  const lines: Line[] = entries
    .slice(first, first + rows)
    .map(({ name, help }) => [span(`  ${fit(name, names)} `), dim(help)]);
  const nothing: Line[] = [[dim("  Enter looks for a job whose id contains this")]];
  clear(canvas, rect);
  drawPanel(canvas, {
    panel: {
      title: "Command",
      lines: [
        [span(" : ", { color: "accent", bold: true }), span(text)],
        ...(lines.length > 0 ? lines : nothing),
      ],
    },
    rect,
  });
  if (lines.length > 0) {
    invert(canvas, rect.x + 1, rect.y + 2 + index - first, rect.width - 2);
    write(canvas, rect.x + 1, rect.y + 2 + index - first, [span("▌", { bold: true })]);
  }
  canvas.cursor = { x: Math.min(rect.x + rect.width - 2, rect.x + 4 + widthOf(text)), y: rect.y + 1 };
}
