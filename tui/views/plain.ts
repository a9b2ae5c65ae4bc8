import { createCanvas, toAscii, toText, write } from "../canvas.ts";
import type { State } from "../model.ts";
import { textOf } from "../style.ts";
import { panelsOf } from "./frame.ts";
import { headerLines } from "./header.ts";

/** Returns the current view as text in reading order, without side-by-side columns, borders or decoration. */
export function plainText(state: State, { ascii = false } = {}): string {
  const area = { x: 0, y: 0, width: state.width, height: state.height };
  const panels = panelsOf(state, area).flatMap(({ panel: { title, headings, lines, footer } }) => [
    "",
    [title, textOf(headings ?? [])].filter(Boolean).join(": "),
    ...lines.map((spans) => tidy(textOf(spans))).filter((text) => text.trim() !== ""),
    ...(footer && footer.length > 0 ? [textOf(footer)] : []),
  ]);
  const text = [tidy(textOf(headerLines(state, 60))), ...panels].join("\n");
  return ascii ? inAscii(text) : text;
}

/** Removes charts, which mean nothing when read aloud. */
const tidy = (text: string) =>
  text
    .replace(/[▁▂▃▄▅▆▇█░┤┼│]+/g, " ")
    .replace(/ {2,}/g, "  ")
    .trimEnd();

function inAscii(text: string): string {
  return text
    .split("\n")
    .map((row) => {
      const canvas = createCanvas(Math.max(1, row.length), 1);
      write(canvas, 0, 0, [{ text: row }]);
      toAscii(canvas);
      return toText(canvas);
    })
    .join("\n");
}
