import type { QueueState, WorkerState } from "../../contracts/api-queries.ts";
import { workerName } from "../../shared/event-words.ts";
import { age, count, duration } from "../../shared/format.ts";
import { ratesByType } from "../../shared/rates.ts";
import type { Rect } from "../canvas.ts";
import { GLYPHS } from "../glyphs.ts";
import type { State } from "../model.ts";
import { bold, dim, type Span, span } from "../style.ts";
import { sanitize } from "../text.ts";
import { type Column, type Panel, type Placed, tableLines } from "./panel.ts";
import { RETENTION_ROWS, retentionPanel, retentionWords } from "./retention.ts";

/** Shows the job types, the workers and, if it fits, the retention panel. One cursor moves through types and workers. */
export function queuesView(state: State, area: Rect): Placed[] {
  const queues = state.data.queues?.value?.queues ?? [];
  const workers = state.data.workers?.value?.workers ?? [];
  const wanted = Math.max(4, queues.length + 3);
  const upper = Math.min(wanted, Math.max(5, Math.floor(area.height * 0.55)));
  const { index } = state.lists.queues;
  const rest = area.height - upper;
  // The retention panel is shown if it leaves enough rows for the workers. Six rows are enough for three workers; a
  // longer list scrolls.
  const hasRetention = rest - RETENTION_ROWS >= Math.min(6, Math.max(4, workers.length + 3));
  const workerRows = rest - (hasRetention ? RETENTION_ROWS : 0);
  const inner = area.width - 2;
  const workersShown = workersPanel(state, workers, inner, index - queues.length);
  const rows = (from: number, height: number): Rect => ({ ...area, y: area.y + from, height });
  return [
    { panel: queuesPanel(state, queues, inner, index), rect: rows(0, upper) },
    {
      panel: hasRetention ? workersShown : { ...workersShown, footer: retentionWords(state) },
      rect: rows(upper, workerRows),
    },
    ...(hasRetention
      ? [{ panel: retentionPanel(state, inner), rect: rows(upper + workerRows, RETENTION_ROWS) }]
      : []),
  ];
}

function stateOf({ paused, waiting, executing, withoutWorker = 0 }: QueueState): Span {
  if (paused) return span(`${GLYPHS.paused} paused`, { color: "warn" });
  if (withoutWorker > 0) return span(`${GLYPHS.bad} no worker`, { color: "bad" });
  return waiting + executing > 0 ? span(`${GLYPHS.ok} runs`, { color: "good" }) : dim(`${GLYPHS.ok} idle`);
}

/**
 * Returns the column of completed jobs per second. It shows "–" for a type without completed jobs in the queried
 * minutes.
 */
function doneColumn({ data: { completedSeries }, now }: State): Column<QueueState> {
  const series = completedSeries?.value;
  const rates = series && ratesByType(series, completedSeries.loadedAt ?? now);
  return {
    title: "done/s",
    width: 6,
    align: "right",
    drop: 5,
    cell: ({ type }) => {
      const rate = rates?.get(type);
      if (!rate) return dim("–");
      return span(rate < 99.95 ? rate.toFixed(rate < 0.995 ? 2 : 1) : count(rate));
    },
  };
}

const QUEUE_COLUMNS: Column<QueueState>[] = [
  { title: "queue", width: 14, cell: ({ type }) => span(type) },
  {
    title: "state",
    width: 11,
    cell: stateOf,
  },
  {
    title: "waiting",
    width: 8,
    align: "right",
    cell: ({ waiting }) => span(count(waiting), waiting > 0 ? { bold: true } : { dim: true }),
  },
  {
    title: "oldest",
    width: 7,
    align: "right",
    drop: 2,
    cell: ({ oldestWaitingMs }) => dim(duration(oldestWaitingMs)),
  },
  {
    title: "executing",
    width: 9,
    align: "right",
    drop: 1,
    cell: ({ executing }) => span(count(executing), executing > 0 ? {} : { dim: true }),
  },
  {
    title: "scheduled",
    width: 9,
    align: "right",
    drop: 3,
    cell: ({ scheduled }) => span(count(scheduled), scheduled > 0 ? {} : { dim: true }),
  },
];

const NOTE_COLUMN: Column<QueueState> = {
  title: "",
  width: 4,
  flexible: true,
  drop: 4,
  // An empty note gets no color, because the reverse video of the selected row would show it as a colored block.
  cell: ({ note }) => (note ? span(note, { color: "warn" }) : span("")),
};

function queuesPanel(state: State, queues: readonly QueueState[], width: number, selected: number): Panel {
  const { queues: loaded } = state.data;
  if (queues.length === 0)
    return {
      title: "Queues",
      lines: [
        loaded?.error && !loaded.value
          ? [span(` ${GLYPHS.bad} ${sanitize(loaded.error.message)}`, { color: "bad" })]
          : loaded?.value
            ? [span(" No job has been submitted yet: "), bold("N")]
            : [dim(" Waiting for the queues")],
      ],
    };
  const bus = loaded?.value?.bus ?? [];
  const ready = bus.reduce((sum, queue) => sum + queue.ready, 0);
  return {
    title: "Queues",
    lines: tableLines([...QUEUE_COLUMNS, doneColumn(state), NOTE_COLUMN], queues, width),
    fixed: 1,
    firstRow: 0,
    selected: selected < queues.length ? selected : -1,
    footer: [dim(`on the bus ${count(ready)} · outbox ${count(loaded?.value?.outbox ?? 0)}`)],
  };
}

const STATES = {
  alive: ["✓", "good"],
  stopping: ["▲", "warn"],
  lost: ["✕", "bad"],
  stopped: ["–", undefined],
} as const;

function workersPanel(state: State, workers: readonly WorkerState[], width: number, selected: number): Panel {
  if (workers.length === 0)
    return {
      title: "Workers",
      lines: [
        [
          state.data.workers?.value
            ? span(` ${GLYPHS.bad} No worker has registered, so no job can run`, { color: "bad" })
            : dim(" Waiting for the workers"),
        ],
      ],
    };
  const columns: Column<WorkerState>[] = [
    { title: "worker", width: 18, cell: ({ id }) => span(workerName(id)) },
    {
      title: "state",
      width: 10,
      cell: ({ state: at }) => {
        const [glyph, color] = STATES[at];
        return span(`${glyph} ${at}`, color ? { color } : { dim: true });
      },
    },
    {
      title: "busy",
      width: 7,
      align: "right",
      cell: ({ running, concurrency }) =>
        span(`${running}/${concurrency}`, running > 0 ? { bold: true } : { dim: true }),
    },
    {
      title: "heartbeat",
      width: 9,
      align: "right",
      drop: 1,
      cell: ({ heartbeatAt }) => dim(age(state.now - Date.parse(heartbeatAt))),
    },
    {
      title: "up",
      width: 6,
      align: "right",
      drop: 2,
      cell: ({ startedAt }) => dim(age(state.now - Date.parse(startedAt))),
    },
    { title: "runs now", width: 8, flexible: true, drop: 3, cell: ({ jobs }) => dim(runsNow(jobs)) },
  ];
  return {
    title: "Workers",
    lines: tableLines(columns, workers, width),
    fixed: 1,
    firstRow: state.data.queues?.value?.queues.length ?? 0,
    ...(selected >= 0 && { selected }),
  };
}

function runsNow(jobs: WorkerState["jobs"]): string {
  const byType = Map.groupBy(jobs, ({ type }) => type);
  return [...byType]
    .map(([type, those]) => (those.length === 1 ? type : `${type} ×${those.length}`))
    .join(", ");
}
