import { type Canvas, write } from "../canvas.ts";
import { completions, faultOf } from "../job-filter.ts";
import { hintsOf, labelOf } from "../keys.ts";
import { type Overlay, placeOf, type State } from "../model.ts";
import { BOLD, dim, type Line, type Span, span, textOf } from "../style.ts";
import { cut, sanitize, widthOf } from "../text.ts";

/** Cells between the hints and the notice on their right. */
const NOTICE_GAP = 3;

/**
 * Draws the last line: the current prompt if there is one; otherwise, on the left, the keys that have an effect now,
 * and on the right, the progress of a task or a notice.
 */
export function drawHints(canvas: Canvas, state: State) {
  const row = canvas.height - 1;
  const { overlay } = state;
  if (overlay?.kind === "filter") return drawFilter(canvas, state, overlay, row);
  if (overlay?.kind === "confirm")
    return write(canvas, 0, row, [
      span(` ${overlay.question}`, { bold: true, color: "warn" }),
      span("  "),
      ...key("y", "yes"),
      ...key("n", "no"),
    ]);
  if (overlay?.kind === "help")
    return write(canvas, 0, row, [span(" "), ...key("Esc", "close"), ...key("j k", "scroll")]);
  if (overlay?.kind === "palette")
    return write(canvas, 0, row, [
      span(" "),
      ...key("↵", "run"),
      ...key("Tab", "complete"),
      ...key("Esc", "close"),
    ]);
  const right = noticeLine(state);
  const taken = right.length > 0 ? widthOf(textOf(right)) + NOTICE_GAP : 0;
  const room = canvas.width - taken - 1;
  write(canvas, 0, row, hintLine(state, room));
  if (right.length > 0) write(canvas, canvas.width - widthOf(textOf(right)) - 1, row, right);
}

const key = (shown: string, label: string): Span[] => [span(shown, BOLD), dim(` ${label}  `)];

/** Returns as many complete hints as fit. */
function hintLine(state: State, room: number): Line {
  const hints =
    state.form && placeOf(state).screen === "new-job"
      ? formHints()
      : hintsOf(state).map((binding) => key(binding.shown, labelOf(binding, state)));
  const line: Span[] = [span(" ")];
  let used = 1;
  for (const hint of hints) {
    const cells = widthOf(textOf(hint)) - 2;
    if (used + cells > room) break;
    line.push(...hint);
    used += cells + 2;
  }
  // The gap after the last hint may not fit, so it is trimmed.
  const last = line.pop() ?? span("");
  return [...line, { ...last, text: last.text.trimEnd() }];
}

const formHints = () => [
  key("↑ ↓", "field"),
  key("← →", "choice"),
  key("↵", "next"),
  key("Esc", "leave the form"),
];

function noticeLine({ task, notice, width }: State): Line {
  if (task) return [span(`${task.label} ${task.done} of ${task.total}`, { color: "busy" })];
  if (!notice) return [];
  const glyph = { good: "✓ ", bad: "✕ ", info: "" }[notice.tone];
  const color = notice.tone === "info" ? undefined : notice.tone;
  return [
    span(cut(sanitize(glyph + notice.text), Math.floor(width * 0.7)), {
      bold: true,
      ...(color && { color }),
    }),
  ];
}

function drawFilter(
  canvas: Canvas,
  state: State,
  { text }: Extract<Overlay, { kind: "filter" }>,
  row: number,
) {
  const isJobs = placeOf(state).screen !== "events";
  const types = (state.data.jobTypes?.value ?? []).map(({ name }) => name);
  const options = isJobs ? completions(text, types) : [];
  const fault = isJobs && text.trim() !== "" ? faultOf(text) : undefined;
  const help: Span =
    fault && options.length === 0
      ? span(`  ${fault}`, { color: "bad" })
      : dim(options.length > 0 ? `  Tab: ${options.join("  ")}` : "  ↵ apply  Esc cancel");
  const prompt = span(" / ", { bold: true, color: "accent" });
  write(canvas, 0, row, [prompt, span(sanitize(text)), span(" "), help]);
  canvas.cursor = { x: Math.min(canvas.width - 1, 3 + widthOf(text)), y: row };
}
