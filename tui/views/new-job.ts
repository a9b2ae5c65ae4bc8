import { duration } from "../../shared/format.ts";
import type { Rect } from "../canvas.ts";
import { type Field, type Form, problemKey, readForm } from "../form.ts";
import { GLYPHS } from "../glyphs.ts";
import type { State } from "../model.ts";
import { bold, dim, type Line, span } from "../style.ts";
import { cut, fit, sanitize, widthOf, wrap } from "../text.ts";
import type { Panel, Placed } from "./panel.ts";

const LABEL = 18;

/** Shows the form for a new job, generated from its type's payload schema. */
export function newJobView(state: State, area: Rect): Placed[] {
  const { form } = state;
  if (!form || form.fields.length === 0) {
    const failed = state.data.jobTypes?.error;
    const lines: Line[] = failed
      ? [[span(` ${GLYPHS.bad} ${failed.message}`, { color: "bad" })], [dim(` ${failed.remedy}`)]]
      : [[dim(" Waiting for the job types")]];
    return [{ panel: { title: "New job", lines }, rect: area }];
  }
  const side = area.width >= 100 ? 40 : 0;
  const main: Placed = {
    panel: formPanel(state, form, area.width - side - 2),
    rect: { ...area, width: area.width - side },
  };
  return side === 0
    ? [main]
    : [
        main,
        { panel: typePanel(form, side - 2), rect: { ...area, x: area.x + area.width - side, width: side } },
      ];
}

function formPanel(state: State, form: Form, width: number): Panel {
  const { problems, count } = readForm(form, state.now);
  const label = Math.min(LABEL, Math.floor(width / 3));
  const lines: Line[] = [];
  let caret: Panel["caret"];
  let selected = 0;
  for (const [index, field] of form.fields.entries()) {
    const before = form.fields[index - 1];
    if (before && before.part !== field.part) lines.push([]);
    const isFocused = form.focus === index;
    if (isFocused) {
      selected = lines.length;
      if (field.kind !== "choice")
        caret = { x: label + 2 + shownValue(field, width - label - 4).caret, y: lines.length };
    }
    const problem = problems.get(problemKey(field));
    lines.push(...fieldLines(field, { isFocused, label, width, problem }));
  }
  lines.push([], buttonLine(form, problems.size, count));
  if (form.focus === form.fields.length) selected = lines.length - 1;
  if (form.refusal)
    lines.push(
      ...wrap(sanitize(form.refusal), width - 4).map((text): Line => [span(`   ${text}`, { color: "bad" })]),
    );
  const title = form.origin ? "Edit and resubmit as a new job" : "New job";
  // The focused line is not inverted, because the field itself shows the focus.
  return {
    title,
    lines: windowed(lines, selected, state.height - 4),
    caret: caret && { ...caret, y: caret.y - firstOf(lines, selected, state.height - 4) },
  };
}

const firstOf = (lines: readonly Line[], selected: number, room: number) =>
  Math.max(0, Math.min(lines.length - room, selected - Math.floor(room / 2)));
const windowed = (lines: readonly Line[], selected: number, room: number) =>
  lines.slice(firstOf(lines, selected, room));

interface FieldLook {
  readonly isFocused: boolean;
  readonly label: number;
  readonly width: number;
  readonly problem: string | undefined;
}

function fieldLines(field: Field, { isFocused, label, width, problem }: FieldLook): Line[] {
  const room = width - label - 4;
  const { text } = shownValue(field, room);
  const isChoice = field.kind === "choice";
  const hint = isFocused ? (isChoice ? `← → ${choicesText(field)}` : field.hint) : "";
  const used = Math.max(isChoice ? 0 : Math.min(room, 24), widthOf(text)) + 2;
  const value: Line = isChoice
    ? [span(isFocused ? `‹ ${text || "empty"} ›` : text || GLYPHS.none, isFocused ? { inverse: true } : {})]
    : [
        span(
          fit(text, Math.max(Math.min(room, 24), widthOf(text) + 1)),
          isFocused ? { inverse: true } : text === "" ? { dim: true } : {},
        ),
      ];
  const first: Line = [
    span(isFocused ? "▌" : " ", { bold: true }),
    span(fit(field.label + (field.required ? " *" : ""), label), isFocused ? { bold: true } : { dim: true }),
    span(" "),
    ...value,
    dim(hint === "" ? "" : `  ${cut(sanitize(hint), Math.max(0, room - used - 2))}`),
  ];
  return problem
    ? [first, [span(`${" ".repeat(label + 2)}${GLYPHS.bad} ${sanitize(problem)}`, { color: "bad" })]]
    : [first];
}

function choicesText({ choices = [], hint, part }: Field): string {
  return part === "type" ? hint : choices.filter(Boolean).join(" · ");
}

/** Returns the part of a value that is visible around the caret, and the caret's cell within it. */
function shownValue({ value, caret }: Field, room: number): { text: string; caret: number } {
  const from = caret < room ? 0 : caret - room + 1;
  return {
    text: sanitize(value.slice(from, from + room)),
    caret: widthOf(sanitize(value.slice(from, caret))),
  };
}

function buttonLine(form: Form, problems: number, count: number): Line {
  const isFocused = form.focus === form.fields.length;
  const label = form.submitting ? " Submitting … " : count > 1 ? ` Submit ${count} jobs ` : " Submit ";
  const button = span(`[${label}]`, {
    bold: true,
    inverse: isFocused,
    ...(problems === 0 && { color: "accent" }),
  });
  return [
    span(isFocused ? "▌ " : "  "),
    button,
    dim(
      problems > 0
        ? `  ${problems === 1 ? "one field is" : `${problems} fields are`} invalid`
        : isFocused
          ? "  Enter submits"
          : "  Enter moves here",
    ),
  ];
}

function typePanel(form: Form, width: number): Panel {
  const type = form.types.find(({ name }) => name === form.fields[0]?.value);
  if (!type) return { title: "Type", lines: [] };
  const { maxAttempts, baseMs, capMs } = type.retry;
  return {
    title: type.name,
    headings: [dim(`v${type.version}`)],
    lines: [
      ...wrap(sanitize(type.description), width - 2).map((text): Line => [span(` ${text}`)]),
      [],
      [dim(" tries     "), bold(String(maxAttempts))],
      [dim(" backoff   "), span(`${duration(baseMs)} to ${duration(capMs)}, full jitter`)],
      [dim(" deadline  "), span(duration(type.deadlineMs))],
      [],
      [dim(" Types")],
      ...form.types.map(
        ({ name }): Line => (name === type.name ? [span(` ▸ ${name}`, { bold: true })] : [dim(`   ${name}`)]),
      ),
    ],
  };
}
