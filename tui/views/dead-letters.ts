import type { DeadLetter } from "../../contracts/dead-letter.ts";
import { writeFilter } from "../../contracts/write-filter.ts";
import { type DeadLetterGroup, groupsOf } from "../../shared/dead-letter-groups.ts";
import { age, clock, count, shortId } from "../../shared/format.ts";
import type { Rect } from "../canvas.ts";
import { GLYPHS } from "../glyphs.ts";
import { placeOf, type State } from "../model.ts";
import { deadLetterFilter, deadLetterRows } from "../selection.ts";
import { bold, dim, type Line, type Span, span } from "../style.ts";
import { cut, fit, sanitize, wrap } from "../text.ts";
import { jsonLines } from "./job.ts";
import { type Column, type Panel, type Placed, tableLines } from "./panel.ts";

/** Shows the causes with their counts, and below them the dead letters of the chosen cause or of all causes. */
export function deadLettersView(state: State, area: Rect): Placed[] {
  const all = state.data.deadLetters?.value?.items ?? [];
  if (all.length === 0) return [{ panel: { title: "Dead letters", lines: emptyLines(state) }, rect: area }];
  const groups = groupsOf(all);
  const height = Math.min(groups.length + 3, Math.max(4, Math.floor(area.height * 0.35)));
  const list: Rect = { ...area, y: area.y + height, height: area.height - height };
  return [
    { panel: groupsPanel(state, groups, all.length, area.width - 2), rect: { ...area, height } },
    { panel: listPanel(state, list.width - 2), rect: list },
  ];
}

function groupsPanel(state: State, groups: readonly DeadLetterGroup[], total: number, width: number): Panel {
  const chosen = state.lists["dead-letters"].filter;
  const place = groups.findIndex(({ key }) => key === chosen) + 1;
  const row = (isChosen: boolean, number: number, times: string, words: string): Line => [
    span(isChosen ? " ▸ " : "   ", { bold: true }),
    span(count(number).padStart(6), isChosen ? { bold: true } : { dim: true }),
    dim(`  ${fit(times, width >= 70 ? 21 : 0)}`),
    span(sanitize(words), isChosen ? { bold: true } : {}),
  ];
  const lines = [
    row(place === 0, total, "", "all causes"),
    ...groups.map(({ key, count: number, firstAt, lastAt, reason, detail }) =>
      row(
        key === chosen,
        number,
        firstAt === lastAt ? clock(lastAt) : `${clock(firstAt)} – ${clock(lastAt)}`,
        `${reason}: ${detail}`,
      ),
    ),
  ];
  // Scrolls so that the chosen cause is visible, because this list has no cursor.
  const first = Math.max(0, Math.min(place - 1, lines.length - 2));
  return { title: "Causes", headings: [dim("← → choose")], lines: lines.slice(first) };
}

function listPanel(state: State, width: number): Panel {
  const rows = deadLetterRows(state);
  const { marks, all, index } = state.lists["dead-letters"];
  const filter = writeFilter("deadLetters", deadLetterFilter(state));
  const notes: Span[] = all
    ? [bold(cut(filter === "" ? "all are marked" : `all that match ${sanitize(filter)}`, width - 24))]
    : marks.size > 0
      ? [bold(`${count(marks.size)} marked`)]
      : [];
  const rest = state.data.deadLetters?.value?.nextCursor
    ? [dim(`${notes.length > 0 ? " · " : ""}the newest ${count(rows.length)}`)]
    : [];
  return {
    title: "Dead letters",
    lines: tableLines(columnsOf(state), rows, width),
    fixed: 1,
    firstRow: 0,
    selected: Math.min(index, rows.length - 1),
    footer: [...notes, ...rest],
  };
}

function columnsOf(state: State): Column<DeadLetter>[] {
  const { marks, all } = state.lists["dead-letters"];
  return [
    {
      title: "",
      width: 1,
      cell: ({ id }) => (all || marks.has(id) ? span(GLYPHS.mark, { color: "accent" }) : span(" ")),
    },
    { title: "id", width: 8, cell: ({ id, jobId }) => span(shortId(jobId ?? id)) },
    {
      title: "died",
      width: 6,
      align: "right",
      cell: ({ diedAt }) => dim(age(state.now - Date.parse(diedAt))),
    },
    { title: "kind", width: 7, drop: 3, cell: ({ kind }) => dim(kind) },
    { title: "reason", width: 18, drop: 1, cell: ({ reason }) => span(reason, { color: "bad" }) },
    {
      title: "replays",
      width: 7,
      align: "right",
      drop: 4,
      cell: ({ replays }) => dim(replays === 0 ? "" : String(replays)),
    },
    { title: "detail", width: 8, flexible: true, cell: ({ detail }) => span(detail) },
  ];
}

function emptyLines({ data: { deadLetters } }: State): Line[] {
  if (deadLetters?.error && !deadLetters.value)
    return [
      [span(` ${GLYPHS.bad} ${sanitize(deadLetters.error.message)}`, { color: "bad" })],
      [dim(` ${deadLetters.error.remedy}`)],
    ];
  if (!deadLetters?.value) return [[dim(" Waiting for the dead letters")]];
  return [
    [],
    [
      span(` ${GLYPHS.ok} `, { color: "good" }),
      span("No dead letters. Submit a "),
      bold("fail"),
      span(" to see one: "),
      bold("N"),
    ],
  ];
}

/** Shows a dead letter's reason and its original message. */
export function deadLetterView(state: State, area: Rect): Placed[] {
  const { deadLetter: loaded } = state.data;
  const letter = loaded?.value?.id === placeOf(state).id ? loaded?.value : undefined;
  if (!letter) {
    const failed = loaded?.error;
    return [
      {
        panel: {
          title: "Dead letter",
          lines: [
            failed
              ? [span(` ${GLYPHS.bad} ${sanitize(failed.message)}`, { color: "bad" })]
              : [dim(" Waiting for the dead letter")],
          ],
        },
        rect: area,
      },
    ];
  }
  const width = area.width - 4;
  const shownId = (id: string) => (width < 50 ? shortId(id) : id);
  const fact = (name: string, text: string): Line => [dim(` ${fit(name, 10)}`), span(sanitize(text))];
  const lines: Line[] = [
    [dim(" reason    "), span(letter.reason, { color: "bad", bold: true })],
    ...wrap(sanitize(letter.detail), width - 10).map(
      (text, row): Line => [dim(row === 0 ? " detail    " : "           "), span(text)],
    ),
    fact("died", `${clock(Date.parse(letter.diedAt))}, ${age(state.now - Date.parse(letter.diedAt))} ago`),
    fact("at", `${letter.service}, queue ${letter.queue}`),
    ...(letter.jobId ? [fact("job", shownId(letter.jobId))] : []),
    fact(
      "replayed",
      letter.replays === 0
        ? "never"
        : `${letter.replays} times${letter.replayedAs ? `, last as ${shownId(letter.replayedAs)}` : ""}`,
    ),
    [],
    [bold(" Message")],
    ...bodyLines(letter.body, width),
  ];
  return [
    {
      panel: {
        title: letter.kind === "job" ? "Job out of tries" : "Refused message",
        headings: [dim(letter.id)],
        lines: lines.slice(Math.min(state.scroll, lines.length - 1)),
      },
      rect: area,
    },
  ];
}

function bodyLines(body: string, width: number): Line[] {
  try {
    return jsonLines(JSON.parse(body), width);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return wrap(sanitize(body), width).map((text): Line => [span(` ${text}`)]);
  }
}
