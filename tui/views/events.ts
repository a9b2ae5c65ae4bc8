import type { EventEnvelope } from "../../contracts/envelope.ts";
import { describeEvent } from "../../shared/event-words.ts";
import { clock, count, shortId } from "../../shared/format.ts";
import type { Rect } from "../canvas.ts";
import { GLYPHS, STATUS_GLYPHS, statusStyle } from "../glyphs.ts";
import type { State } from "../model.ts";
import { eventRows, shownEvent } from "../selection.ts";
import { dim, type Line, type Span, span } from "../style.ts";
import { sanitize } from "../text.ts";
import { jsonLines } from "./job.ts";
import { type Column, type Panel, type Placed, tableLines } from "./panel.ts";

/** Shows the newest events of all jobs as they arrive. */
export function eventsView(state: State, area: Rect): Placed[] {
  const rows = eventRows(state);
  const { filter, index, follow } = state.lists.events;
  const title = filter === "" ? "Events" : `Events ${GLYPHS.path} ${filter}`;
  if (rows.length === 0) return [{ panel: { title, lines: emptyLines(state) }, rect: area }];
  const notes = [
    ...(state.frozen.events ? [span("frozen", { color: "warn" })] : []),
    ...(follow ? [dim("following")] : []),
    dim(`the newest ${count(rows.length)}`),
  ];
  const panel: Panel = {
    title,
    lines: tableLines(columnsOf(area.width), rows, area.width - 2),
    fixed: 1,
    firstRow: 0,
    selected: Math.min(index, rows.length - 1),
    footer: notes.flatMap((note, place): Span[] => (place === 0 ? [note] : [dim(" · "), note])),
  };
  return [{ panel, rect: area }];
}

function columnsOf(width: number): Column<EventEnvelope>[] {
  const withMillis = width >= 60;
  const time: Column<EventEnvelope> = {
    title: "time",
    width: withMillis ? 12 : 8,
    cell: ({ occurredAt }) => dim(clock(Date.parse(occurredAt), { withMillis })),
  };
  return [time, ...COLUMNS];
}

const COLUMNS: readonly Column<EventEnvelope>[] = [
  {
    title: "event",
    width: 15,
    cell: (event) => {
      const { status } = describeEvent(event);
      return span(
        `${status ? STATUS_GLYPHS[status] : "·"} ${event.eventType.replace("job.", "")}`,
        status ? statusStyle(status) : {},
      );
    },
  },
  { title: "job", width: 8, cell: ({ payload }) => span(shortId(String(payload.jobId ?? ""))) },
  { title: "type", width: 10, drop: 2, cell: ({ payload }) => span(String(payload.jobType ?? "")) },
  { title: "from", width: 14, drop: 3, cell: ({ producer }) => dim(producer.service) },
  {
    title: "what happened",
    width: 10,
    flexible: true,
    drop: 4,
    cell: (event) => span(describeEvent(event).words),
  },
];

function emptyLines({ data: { events }, lists }: State): Line[] {
  if (events?.error && !events.value)
    return [
      [span(` ${GLYPHS.bad} ${sanitize(events.error.message)}`, { color: "bad" })],
      [dim(` ${events.error.remedy}`)],
    ];
  if (!events?.value) return [[dim(" Waiting for the events")]];
  return lists.events.filter === ""
    ? [[], [span(" No events yet. Every change to a job is an event: press N to submit one.")]]
    : [[], [span(" None of the newest events matches. Esc clears the filter.")]];
}

/** Shows an event's complete envelope. */
export function eventView(state: State, area: Rect): Placed[] {
  const event = shownEvent(state);
  if (!event)
    return [
      {
        panel: {
          title: "Event",
          lines: [[dim(" This event is no longer loaded; Esc goes back")]],
        },
        rect: area,
      },
    ];
  const lines = jsonLines(event, area.width - 2);
  return [
    {
      panel: {
        title: event.eventType,
        headings: [dim(event.eventId)],
        lines: lines.slice(Math.min(state.scroll, Math.max(0, lines.length - 1))),
      },
      rect: area,
    },
  ];
}
