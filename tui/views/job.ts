import type { JobDetail } from "../../contracts/api-queries.ts";
import { isTerminal } from "../../contracts/job.ts";
import { statusWord } from "../../contracts/status-words.ts";
import { workerName } from "../../shared/event-words.ts";
import { clock, count, duration, shortId } from "../../shared/format.ts";
import { type JobTrace, type TraceBar, traceOf } from "../../shared/job-trace-view.ts";
import { shownTries } from "../../shared/shown-tries.ts";
import type { Rect } from "../canvas.ts";
import { GLYPHS, STATUS_GLYPHS, statusStyle } from "../glyphs.ts";
import { placeOf, type State } from "../model.ts";
import { bold, dim, type Line, type Span, span } from "../style.ts";
import { fit, sanitize, wrap } from "../text.ts";
import type { Panel, Placed } from "./panel.ts";

/** Shows a job's hops (its steps from acceptance to its end) as bars on a time axis, and the chosen pane below them. */
export function jobView(state: State, area: Rect): Placed[] {
  const { job: loaded } = state.data;
  const job = loaded?.value?.id === placeOf(state).id ? loaded?.value : undefined;
  if (!job) return [{ panel: missingPanel(state), rect: area }];
  const trace = traceOf(job, state.now);
  const wanted = trace.bars.length + 3;
  const most = Math.max(6, Math.floor(area.height * 0.55));
  const height = Math.min(wanted, most);
  const lower: Rect = { ...area, y: area.y + height, height: area.height - height };
  return [
    { panel: tracePanel(job, trace, area.width - 2, height - 2), rect: { ...area, height } },
    { panel: panePanel(state, job, lower.width - 2), rect: lower },
  ];
}

function missingPanel({ data: { job } }: State): Panel {
  if (!job?.error) return { title: "Job", lines: [[dim(" Waiting for the job")]] };
  return {
    title: "Job",
    lines: [
      [span(` ${GLYPHS.bad} ${sanitize(job.error.message)}`, { color: "bad" })],
      [dim(` ${job.error.remedy}`)],
    ],
  };
}

function tracePanel(job: JobDetail, trace: JobTrace, width: number, height: number): Panel {
  const details = width >= 90 ? 42 : width >= 60 ? 28 : 12;
  const label = 11;
  const chart = Math.max(6, width - label - details - 1);
  const bars = shortened(trace.bars, height - 1);
  const scale = (ms: number) => (trace.totalMs <= 0 ? 0 : (ms / trace.totalMs) * chart);
  const head: Line = [dim(fit(" hop", label) + axis(trace.totalMs, chart))];
  return {
    title: width >= 70 ? `${job.id} · ${sanitize(job.type)}` : `${shortId(job.id)} · ${sanitize(job.type)}`,
    headings: [dim(headline(job, trace))],
    lines: [
      head,
      ...bars.map((bar) =>
        typeof bar === "string" ? [dim(` ${bar}`)] : barLine(bar, { label, chart, details, scale }),
      ),
    ],
    footer: footerOf(job),
  };
}

function headline(job: JobDetail, { totalMs }: JobTrace): string {
  const tries = `${shownTries(job)} tries`;
  return isTerminal(job.status)
    ? `${tries} · ${duration(totalMs)} from accepted to ${statusWord(job.status)}`
    : `${tries} · ${duration(totalMs)} so far`;
}

function footerOf(job: JobDetail): Line {
  if (job.unavailable.length > 0) return [span(`without ${job.unavailable.join(", ")}`, { color: "warn" })];
  if (job.progress && !isTerminal(job.status)) {
    const filled = Math.round(job.progress.fraction * 10);
    return [
      span("▇".repeat(filled) + "▁".repeat(10 - filled), { color: "busy" }),
      span(` ${Math.round(job.progress.fraction * 100)}% ${sanitize(job.progress.note ?? "")}`),
    ];
  }
  return [];
}

/** Returns all bars, or only the first and last ones if not all fit. */
function shortened(bars: readonly TraceBar[], room: number): (TraceBar | string)[] {
  if (bars.length <= room) return [...bars];
  const head = Math.max(1, Math.floor((room - 1) / 2));
  const tail = Math.max(0, room - 1 - head);
  return [
    ...bars.slice(0, head),
    `${GLYPHS.none} ${count(bars.length - head - tail)} more ${GLYPHS.none}`,
    ...bars.slice(bars.length - tail),
  ];
}

function axis(totalMs: number, width: number): string {
  const end = duration(totalMs);
  if (width < 24) return `0${end.padStart(width - 1)}`;
  const half = duration(totalMs / 2);
  const middle = Math.floor(width / 2);
  return `${"0 ms".padEnd(middle)}${half}`.padEnd(width - end.length) + end;
}

interface BarLayout {
  readonly label: number;
  readonly chart: number;
  readonly details: number;
  readonly scale: (ms: number) => number;
}

function barLine(bar: TraceBar, { label, chart, details, scale }: BarLayout): Line {
  const { text, style } = barText(bar, chart, scale);
  return [
    span(
      fit(bar.kind === "wait" ? `   ${bar.label}` : ` ${bar.label}`, label),
      bar.kind === "wait" ? { dim: true } : {},
    ),
    { text, style },
    span(" "),
    ...detailsOf(bar, details),
  ];
}

/**
 * Draws a bar as text of exactly `width` cells. A bar shorter than half a cell fills half a cell for a try and an
 * eighth otherwise.
 */
function barText(bar: TraceBar, width: number, scale: (ms: number) => number): Span {
  const start = Math.min(width - 1, Math.floor(scale(bar.startMs)));
  const cells = Math.max(1, Math.min(width - start, Math.round(scale(bar.endMs) - start)));
  const isMoment = scale(bar.endMs) - scale(bar.startMs) < 0.5;
  const fill = isMoment
    ? bar.kind === "try"
      ? "▌"
      : "▏"
    : (bar.kind === "wait" ? GLYPHS.wait : GLYPHS.run).repeat(cells);
  const marker =
    bar.slowest && start + cells + 10 <= width
      ? ` ${GLYPHS.pointer} slowest`
      : bar.slowest && start >= 10
        ? ""
        : "";
  const before =
    bar.slowest && marker === "" && start >= 10 ? fit(`slowest ▸`, start, "right") : " ".repeat(start);
  return { text: fit(before + fill + marker, width), style: styleOf(bar) };
}

function styleOf({ kind, outcome, open, slowest }: TraceBar): Span["style"] {
  if (open) return { color: "busy" };
  if (kind === "try")
    return { color: outcome === "succeeded" ? "good" : outcome === "cancelled" ? undefined : "bad" };
  return slowest ? { color: "warn" } : { dim: kind === "wait" };
}

function detailsOf(bar: TraceBar, width: number): Line {
  const took = bar.endMs - bar.startMs;
  const glyph =
    bar.kind !== "try"
      ? " "
      : bar.open
        ? STATUS_GLYPHS.EXECUTING
        : bar.outcome === "succeeded"
          ? STATUS_GLYPHS.COMPLETED
          : bar.outcome === "cancelled"
            ? STATUS_GLYPHS.CANCELLED
            : STATUS_GLYPHS.FAILED;
  const time = bar.kind === "hop" ? (bar.endMs === 0 ? "" : `+ ${duration(bar.endMs)}`) : duration(took);
  const words =
    bar.kind === "try"
      ? (bar.note ?? workerName(bar.who ?? ""))
      : bar.kind === "hop"
        ? [bar.who, bar.note].filter(Boolean).join(" · ")
        : (bar.note ?? "");
  return [
    span(`${glyph} `, styleOf(bar)),
    span(fit(time, 9), { bold: bar.slowest }),
    dim(width < 16 ? "" : fit(sanitize(words), width - 11)),
  ];
}

const PANES: readonly { title: string; lines: (job: JobDetail, width: number, state: State) => Line[] }[] = [
  { title: "Timeline", lines: timelineLines },
  { title: "Payload", lines: (job, width) => jsonLines(job.payload, width) },
  { title: "Result", lines: resultLines },
  { title: "Logs", lines: logLines },
  { title: "Envelopes", lines: envelopeLines },
  { title: "Children", lines: familyLines },
];

function panePanel(state: State, job: JobDetail, width: number): Panel {
  const numbers: Record<string, number> = {
    Logs: job.attempts.reduce((sum, { logs }) => sum + logs.length, 0),
    Envelopes: job.events.length,
    Children: job.children.total,
  };
  const title = ({ title: name }: { title: string }) => (name in numbers ? `${name} ${numbers[name]}` : name);
  const current = PANES[state.pane % PANES.length] ?? PANES[0];
  const lines = current ? current.lines(job, width, state) : [];
  const others = PANES.filter((pane) => pane !== current).map(title);
  const isCursor = current?.title === "Envelopes";
  const scroll = Math.min(state.scroll, Math.max(0, lines.length - 1));
  return {
    title: current ? title(current) : "",
    headings: [dim(others.join("  "))],
    lines: isCursor ? lines : lines.slice(scroll),
    ...(isCursor && lines.length > 0 && { selected: scroll }),
    footer: lines.length > 1 && scroll > 0 && !isCursor ? [dim(`line ${scroll + 1} of ${lines.length}`)] : [],
  };
}

function timelineLines(job: JobDetail, width: number): Line[] {
  const start = Date.parse(job.createdAt);
  const failures =
    job.error && !job.attempts.some(({ error }) => error?.message === job.error?.message) ? [job.error] : [];
  const moves = job.transitions.map(({ at, from, to, sequence, attempt }): [number, Line] => [
    Date.parse(at),
    [
      dim(` ${`+ ${duration(Math.max(0, Date.parse(at) - start))}`.padEnd(10)}`),
      span(`${STATUS_GLYPHS[to]} `, statusStyle(to)),
      span(fit(from === null ? statusWord(to) : `${statusWord(from)} ${GLYPHS.arrow} ${statusWord(to)}`, 24)),
      dim(width >= 60 ? `sequence ${sequence}${attempt > 0 ? ` · try ${attempt}` : ""}` : ""),
    ],
  ]);
  const tries = job.attempts.map((one): [number, Line] => [
    Date.parse(one.startedAt),
    [
      dim(` ${`+ ${duration(Math.max(0, Date.parse(one.startedAt) - start))}`.padEnd(10)}`),
      span(one.outcome === "succeeded" ? "● " : "✕ ", {
        color: one.outcome === "succeeded" ? "good" : "bad",
      }),
      span(fit(`try ${one.attempt} ${one.outcome.replace("-", " ")}`, 24)),
      dim(
        `${duration(one.durationMs)}${width >= 60 ? ` on ${sanitize(workerName(one.workerId))}` : ""}${one.error ? ` · ${sanitize(one.error.message)}` : ""}`,
      ),
    ],
  ]);
  const rows = [...moves, ...tries].sort(([a], [b]) => a - b).map(([, spans]) => spans);
  return [
    ...rows,
    ...failures.map(
      ({ code, message }): Line => [span(` ${GLYPHS.bad} ${code}: ${sanitize(message)}`, { color: "bad" })],
    ),
  ];
}

/** Formats a value as indented JSON and wraps long lines. */
export function jsonLines(value: unknown, width: number): Line[] {
  if (value === undefined) return [[dim(" None")]];
  return JSON.stringify(value, null, 2)
    .split("\n")
    .flatMap((text) => wrap(sanitize(text), width - 2))
    .map((text): Line => {
      const [, key, rest] = /^(\s*"[^"]*":)(.*)$/.exec(text) ?? [];
      return key ? [span(` ${key}`, { color: "busy" }), span(rest ?? "")] : [span(` ${text}`)];
    });
}

function resultLines(job: JobDetail, width: number): Line[] {
  const { error, result } = job;
  if (error) {
    const facts = [
      [span(` ${GLYPHS.bad} ${error.code}`, { color: "bad", bold: true })],
      ...wrap(sanitize(error.message), width - 3).map((text): Line => [span(`   ${text}`)]),
    ];
    return result === undefined ? facts : [...facts, [], ...jsonLines(result, width)];
  }
  return result === undefined
    ? [[dim(isTerminal(job.status) ? " The handler returned nothing" : " No result yet")]]
    : jsonLines(result, width);
}

function logLines(job: JobDetail): Line[] {
  const lines = job.attempts.flatMap(({ attempt, logs }) =>
    logs.map(
      ({ at, message }): Line => [
        dim(` ${clock(Date.parse(at), { withMillis: true })}  try ${attempt}  `),
        span(sanitize(message)),
      ],
    ),
  );
  return lines.length > 0 ? lines : [[dim(" The handler logged nothing")]];
}

function envelopeLines(job: JobDetail, width: number): Line[] {
  const isNarrow = width < 60;
  return job.events.map(
    ({ occurredAt, eventType, eventId, producer, payload }): Line => [
      dim(` ${clock(Date.parse(occurredAt), { withMillis: !isNarrow })}  `),
      span(isNarrow ? fit(eventType.replace("job.", ""), 10) : fit(eventType, 15)),
      dim(
        ` #${String(payload.sequence ?? "").padEnd(3)} ${width >= 70 ? `${fit(producer.service, 15)} ` : ""}${isNarrow ? "" : "event "}${shortId(eventId)}`,
      ),
    ],
  );
}

function familyLines(job: JobDetail, width: number): Line[] {
  const shown = (id: string) => (width < 50 ? shortId(id) : id);
  const { total, byStatus } = job.children;
  const origin: Line[] = [
    ...(job.parentId ? [[dim(" parent    "), span(shown(job.parentId))]] : []),
    ...(job.originId ? [[dim(` ${fit(job.originKind ?? "origin", 9)} `), span(shown(job.originId))]] : []),
  ];
  if (total === 0)
    return [...origin, [dim(origin.length > 0 ? " No children" : " Neither parent nor children")]];
  return [
    ...origin,
    [bold(` ${count(total)} children`), dim("  Enter lists them")],
    ...Object.entries(byStatus).map(
      ([status, number]): Line => [span(`   ${count(number).padStart(6)} ${status.toLowerCase()}`)],
    ),
  ];
}
