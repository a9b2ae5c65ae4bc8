import type { Percentiles, SeriesReply } from "../../contracts/api-queries.ts";
import type { JobStatus } from "../../contracts/job.ts";
import { statusWord } from "../../contracts/status-words.ts";
import { age, clock, count, duration, rate } from "../../shared/format.ts";
import { type Counted, columns, current, seed } from "../../shared/rates.ts";
import { partsOf } from "../../shared/system-parts.ts";
import type { Rect } from "../canvas.ts";
import { GLYPHS, LEVELS, STATUS_GLYPHS, statusStyle } from "../glyphs.ts";
import type { State } from "../model.ts";
import type { Loaded } from "../resources.ts";
import { tickerRows } from "../selection.ts";
import { BOLD, bold, dim, type Line, type Span, type Style, span } from "../style.ts";
import { fit, sanitize, wrap } from "../text.ts";
import { eventLine } from "./event-line.ts";
import { offlinePanel } from "./offline.ts";
import type { Panel, Placed } from "./panel.ts";

const LEDGER_WIDTH = 22;

/** Shows on one screen whether the system is healthy, how fast jobs complete, and what is wrong. */
export function overviewView(state: State, area: Rect): Placed[] {
  if (!state.data.overview?.value) return [{ panel: offlinePanel(state), rect: area }];
  return area.width >= 70 ? wide(state, area) : narrow(state, area);
}

function wide(state: State, { x, y, width, height }: Rect): Placed[] {
  const left = Math.min(46, Math.max(39, Math.floor(width * 0.37)));
  const right = width - left;
  const isRich = height >= 34;
  const rows = height < 18 ? [6, 6] : isRich ? [8, 8, 6] : [6, 6, 5];
  const ledgerBeside = right >= 61;
  const latency = ledgerBeside ? right - LEDGER_WIDTH : right;
  const placed: Placed[] = [];
  let top = y;
  const put = (panel: Panel, at: number, wide: number, tall: number) =>
    placed.push({ panel, rect: { x: x + at, y: top, width: wide, height: tall } });

  const [first = 6, second = 6, third = 0] = rows;
  put(jobsPanel(state, left), 0, left, first);
  put(ratePanel(state, right - 2, first - 2), left, right, first);
  top += first;
  put(queuesPanel(state, left - 2, second), 0, left, second);
  put(latencyPanel(state, latency - 2, !ledgerBeside), left, latency, second);
  if (ledgerBeside) put(ledgerPanel(state), left + latency, LEDGER_WIDTH, second);
  top += second;
  if (third > 0) {
    put(alertsPanel(state, left - 2), 0, left, third);
    put(partsPanel(state, right - 2), left, right, third);
    top += third;
  }
  const rest = y + height - top;
  if (rest >= 3) put(nowPanel(state, width - 2), 0, width, rest);
  return placed;
}

/** Stacks as many panels as fit into one column, the most informative first. */
function narrow(state: State, { x, y, width, height }: Rect): Placed[] {
  const inner = width - 2;
  const panels: readonly [Panel, number][] = [
    [jobsPanel(state, width), 6],
    [nowPanel(state, inner), 4],
    [alertsPanel(state, inner), 4],
    [queuesPanel(state, inner, 6), 6],
    [latencyPanel(state, inner, true), 6],
  ];
  const placed: Placed[] = [];
  let top = y;
  for (const [panel, tall] of panels) {
    if (top + tall > y + height) break;
    placed.push({ panel, rect: { x, y: top, width, height: tall } });
    top += tall;
  }
  const last = placed.at(-1);
  return last
    ? [...placed.slice(0, -1), { ...last, rect: { ...last.rect, height: y + height - last.rect.y } }]
    : placed;
}

function jobsPanel(state: State, width: number): Panel {
  const byStatus = state.data.overview?.value?.stats.byStatus ?? {};
  const of = (...statuses: JobStatus[]) => statuses.reduce((sum, status) => sum + (byStatus[status] ?? 0), 0);
  const room = width - 2;
  const second = Math.min(20, Math.floor(room * 0.45));
  const item = (status: JobStatus, number: number, cells: number): Line => {
    const isNone = number === 0;
    const style = isNone ? { dim: true } : statusStyle(status);
    return [
      span(` ${STATUS_GLYPHS[status]} `, style),
      span(fit(countIn(number, cells - 13), cells - 13, "right"), isNone ? { dim: true } : BOLD),
      span(fit(` ${statusWord(status)}`, 10), style),
    ];
  };
  const first = (status: JobStatus, number = of(status)) => item(status, number, room - second);
  const beside = (status: JobStatus, number = of(status)) => item(status, number, second);
  return {
    title: "Jobs",
    lines: [
      [...first("COMPLETED"), ...(of("REJECTED") > 0 ? beside("REJECTED") : [])],
      [...first("EXECUTING"), ...beside("VALIDATED", of("PENDING", "VALIDATED"))],
      [...first("RETRYING"), ...beside("SCHEDULED")],
      [...first("FAILED"), ...beside("CANCELLED")],
    ],
  };
}

/** Formats a count to fit a number of cells: 12,480, or 12k if that is too long. */
function countIn(number: number, cells: number): string {
  const whole = count(number);
  return whole.length <= cells ? whole : `${Math.round(number / 1_000)}k`;
}

function countedOf(loaded: Loaded<SeriesReply> | undefined): Counted | undefined {
  return loaded?.value && { series: loaded.value, loadedAt: loaded.loadedAt ?? 0 };
}

/** Draws a filled chart of completed jobs per second, with failures in its bottom row. */
function ratePanel(state: State, width: number, height: number): Panel {
  const { rates, data } = state;
  const completed = seed(rates.completed, rates.last?.at, countedOf(data.completedSeries));
  const failed = seed(rates.failed, rates.last?.at, countedOf(data.failedSeries));
  const legendWidth = 20;
  const axisWidth = 7;
  const chartWidth = Math.max(8, width - axisWidth - legendWidth);
  const bars = columns(completed, chartWidth);
  const failures = columns(failed, chartWidth);
  const top = Math.max(1, ...bars.map((value) => value ?? 0), ...failures.map((value) => value ?? 0));
  const middle = Math.floor(height / 2);
  const labels = new Map([
    [0, top],
    [middle, (top * (height - middle)) / height],
  ]);
  const legend: Line[] = [
    [span("  completed", { color: "good" }), bold(rate(current(completed)).padStart(legendWidth - 12))],
    [span("  failed", { color: "bad" }), bold(rate(current(failed)).padStart(legendWidth - 9))],
  ];
  const lines = Array.from({ length: height }, (_, row): Line => {
    const value = row === height - 1 ? 0 : labels.get(row);
    const axis = value === undefined ? "" : value < 9.95 && value > 0 ? value.toFixed(1) : count(value);
    return [
      dim(`${axis.padStart(axisWidth - 2)} ${row === height - 1 ? "┼" : value === undefined ? "│" : "┤"}`),
      ...bars.map((bar, column): Span => {
        const fails = eighths(failures[column], top, height - 1 - row, height);
        return row === height - 1 && fails > 0
          ? span(LEVELS.charAt(fails), { color: "bad" })
          : span(LEVELS.charAt(eighths(bar, top, height - 1 - row, height)), { color: "good" });
      }),
      ...(legend[row] ?? []),
    ];
  });
  return { title: "Rate, last 5 min", lines };
}

/** Returns how many eighths of a bar's cell are filled. A bar above zero is always visible. */
function eighths(value: number | undefined, top: number, row: number, rows: number): number {
  if (!value) return 0;
  const full = (value / top) * rows * 8;
  return Math.max(row === 0 ? 1 : 0, Math.min(8, Math.round(full - row * 8)));
}

function queuesPanel(state: State, width: number, height: number): Panel {
  const queues = (state.data.overview?.value?.queues ?? []).toSorted(
    (a, b) => b.waiting - a.waiting || Number(b.paused) - Number(a.paused) || a.type.localeCompare(b.type),
  );
  const most = Math.max(1, ...queues.map(({ waiting }) => waiting));
  const name = Math.min(14, Math.max(8, width - 25));
  const lines = queues.map(
    ({ type, waiting, paused, oldestWaitingMs }): Line => [
      span(` ${fit(sanitize(type), name)} `),
      paused ? span(fit(`${GLYPHS.paused} paused`, 8), { color: "warn" }) : gauge(waiting / most, 8),
      span(fit(countIn(waiting, 6), width - name - 18, "right"), waiting > 0 ? BOLD : { dim: true }),
      span(` ${fit(duration(oldestWaitingMs), 6, "right")} `, oldestWaitingMs === null ? { dim: true } : {}),
    ],
  );
  const hidden = queues.length - (height - 2);
  return {
    title: "Queues",
    headings: [dim("waiting oldest")],
    lines: lines.length > 0 ? lines : [[dim(" No job has been submitted yet: press N")]],
    footer: hidden > 0 ? [dim(`${hidden} more`)] : [],
  };
}

function gauge(share: number, width: number): Span {
  const filled = Math.min(width, Math.ceil(share * width - 1e-9));
  return span(
    "▇".repeat(filled) + "▁".repeat(width - filled),
    filled === 0 ? { dim: true } : { color: "accent" },
  );
}

function latencyPanel(state: State, width: number, withLedger: boolean): Panel {
  const overview = state.data.overview?.value;
  const cells = Math.max(7, Math.min(11, Math.floor((width - 17) / 3)));
  const label = width - 1 - cells * 3;
  const cell = (ms: number | null | undefined, style: Style = {}) =>
    span(fit(duration(ms), cells, "right"), style);
  const row = (name: string, { p50, p95, p99 }: Partial<Percentiles>): Line => [
    span(fit(` ${name}`, label)),
    cell(p50),
    cell(p95, BOLD),
    cell(p99),
  ];
  const lag = overview?.observationLagMs;
  const heads = ["p50", "p95", "p99"].map((name, index) => (index === 0 ? name : fit(name, cells, "right")));
  return {
    title: "Latency",
    headings: [dim(heads.join(""))],
    lines: [
      row("execution", overview?.stats.execution ?? {}),
      row("queue wait", overview?.stats.queueWait ?? {}),
      [
        span(fit(" observed", label - 1)),
        span(fit(lag === 0 ? "at once" : duration(lag), cells + 1, "right"), lag ? { color: "warn" } : {}),
      ],
      ...(withLedger ? [ledgerLine(state)] : []),
    ],
  };
}

function ledgerLine(state: State): Line {
  const ledger = state.data.ledger?.value;
  if (!ledger) return [dim(` ledger  ${state.data.ledger?.error ? "no answer" : "loading"}`)];
  const { lost, duplicated, balanced } = ledger;
  return [
    span(" ledger  "),
    balanced
      ? span(`${GLYPHS.ok} balanced`, { color: "good" })
      : span(`${GLYPHS.bad} not balanced`, { color: "bad", bold: true }),
    dim(`  lost ${count(lost.count)}  doubled ${count(duplicated.count)}`),
  ];
}

function ledgerPanel(state: State): Panel {
  const { value: ledger, loadedAt, error } = state.data.ledger ?? {};
  if (!ledger) return { title: "Ledger", lines: [[dim(error ? " No answer yet" : " Loading")]] };
  const { accepted, inFlight, lost, duplicated, balanced } = ledger;
  const bad = (number: number) => span(count(number), number > 0 ? { color: "bad", bold: true } : BOLD);
  return {
    title: "Ledger",
    lines: [
      balanced
        ? [span(` ${GLYPHS.ok} balanced`, { color: "good" }), dim(` ${clock(loadedAt ?? 0).slice(0, 5)}`)]
        : [span(` ${GLYPHS.bad} not balanced`, { color: "bad", bold: true })],
      [span(" accepted "), bold(count(accepted).padStart(9))],
      [span(" in flight"), bold(count(inFlight).padStart(9))],
      [span(" lost "), bad(lost.count), span("  doubled "), bad(duplicated.count)],
    ],
  };
}

function alertsPanel(state: State, width: number): Panel {
  const alerts = state.data.alerts?.value;
  if (alerts?.source === "none") {
    const why = wrap(
      "No Alertmanager is running, so no alert can fire. Press 6 to see how to start one.",
      width - 2,
    );
    return { title: "Alerts", lines: why.map((text): Line => [dim(` ${text}`)]) };
  }
  const firing = (alerts?.items ?? []).filter(({ state: at }) => at === "firing");
  if (firing.length === 0)
    return {
      title: "Alerts",
      lines: [alerts ? [span(` ${GLYPHS.ok} `, { color: "good" }), span("none firing")] : [dim(" Loading")]],
    };
  return {
    title: "Alerts",
    lines: firing.flatMap(({ severity, name, startsAt, summary }): Line[] => [
      [
        span(` ${GLYPHS.warn} ${severity}  `, { color: severity === "critical" ? "bad" : "warn" }),
        span(fit(sanitize(name), Math.max(8, width - 22))),
        dim(` ${age(state.now - Date.parse(startsAt))}`),
      ],
      [dim(`   ${sanitize(summary)}`)],
    ]),
  };
}

/** Lists the services and engines that the overview reports on. */
function partsPanel(state: State, width: number): Panel {
  const overview = state.data.overview?.value;
  if (!overview) return { title: "Parts", lines: [] };
  const { workers } = overview;
  const parts = partsOf(overview, { gatewayAnswers: state.data.jobTypes?.error === undefined });
  const perLine = Math.max(2, Math.floor(width / 18));
  const cell = Math.floor(width / perLine);
  const well = parts
    .filter(({ ok }) => ok)
    .map(({ name }): Span[] => [span(` ${GLYPHS.ok} `, { color: "good" }), span(fit(name, cell - 3))]);
  // Parts with a problem come first, one per line with the reason.
  const lines: Line[] = [
    ...parts
      .filter(({ ok }) => !ok)
      .map(({ name, why }): Line => [span(` ${GLYPHS.bad} ${name}: ${why}`, { color: "bad" })]),
    ...Array.from({ length: Math.ceil(well.length / perLine) }, (_, row) =>
      well.slice(row * perLine, (row + 1) * perLine).flat(),
    ),
  ];
  const busy: Line = [
    dim(
      ` ${workers.busy} of ${workers.slots} slots busy${workers.lost > 0 ? `, ${workers.lost} ${workers.lost === 1 ? "worker" : "workers"} lost` : ""}`,
    ),
  ];
  return { title: "Parts", lines: [...lines, busy] };
}

function nowPanel(state: State, width: number): Panel {
  const events = tickerRows(state);
  const { index } = state.lists.overview;
  if (events.length === 0)
    return {
      title: "Now",
      lines: [
        [dim(state.data.events?.value ? " Nothing has happened yet. Press N to submit a job" : " Loading")],
      ],
    };
  return {
    title: "Now",
    lines: events.map((event) => eventLine(event, width, state.now)),
    firstRow: 0,
    ...(index >= 0 && { selected: index }),
  };
}
