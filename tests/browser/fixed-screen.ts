import type { Canvas } from "../../tui/canvas.ts";
import { THEMES } from "../../tui/style.ts";
import { liveState } from "../../tui/testing/sample-state.ts";
import { render } from "../../tui/views/frame.ts";
import { FIXED_EVENTS, seriesOf } from "./fixed-answers.ts";

const SAMPLES = {
  events: { items: FIXED_EVENTS, nextCursor: null },
  completedSeries: seriesOf("completed", 6),
  failedSeries: seriesOf("failed", 6),
};

// Draws the terminal UI's overview from fixed data, so that pictures of it never vary. Redraws it after each resize.
function draw(): void {
  const { columns = 80, rows = 24 } = process.stdout;
  process.stdout.write(`\x1b[?25l\x1b[2J${sequenceOf(render(liveState(columns, rows, undefined, SAMPLES)))}`);
}

function sequenceOf({ width, height, chars, styles }: Canvas): string {
  const lines = Array.from({ length: height }, (_, y) => {
    const cells = Array.from({ length: width }, (_, x) => {
      const { color, bold, dim, inverse } = styles[y * width + x] ?? {};
      const index = color && THEMES.default[color];
      const codes = [
        0,
        ...(bold ? [1] : []),
        ...(dim ? [90] : []),
        ...(inverse ? [7] : []),
        ...(index === undefined ? [] : [index < 8 ? 30 + index : 82 + index]),
      ];
      return `\x1b[${codes.join(";")}m${chars[y * width + x]}`;
    });
    return `\x1b[${y + 1};1H${cells.join("")}`;
  });
  return lines.join("");
}

process.stdout.on("resize", draw);
draw();
setInterval(() => undefined, 60_000);
