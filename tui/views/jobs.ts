import { isTerminal, type Job, type JobStatus } from "../../contracts/job.ts";
import { STATUS_WORDS, statusWord } from "../../contracts/status-words.ts";
import { age, clock, count, duration, shortId } from "../../shared/format.ts";
import { JOB_SORTS } from "../../shared/job-sorts.ts";
import { shownTries } from "../../shared/shown-tries.ts";
import { SIDEBAR } from "../act.ts";
import type { Rect } from "../canvas.ts";
import { GLYPHS, STATUS_GLYPHS, statusStyle } from "../glyphs.ts";
import { faultOf, statusIn } from "../job-filter.ts";
import type { State } from "../model.ts";
import { jobRows, newSinceFrozen } from "../selection.ts";
import { bold, dim, type Line, span } from "../style.ts";
import { fit } from "../text.ts";
import { type Column, type Panel, type Placed, tableLines } from "./panel.ts";

const SIDEBAR_WIDTH = 21;

/** Shows the job table and, on a wide terminal, the status sidebar. */
export function jobsView(state: State, area: Rect): Placed[] {
  const withSidebar = area.width >= 78;
  const left = withSidebar ? SIDEBAR_WIDTH : 0;
  const table: Rect = { ...area, x: area.x + left, width: area.width - left };
  const sidebar: Placed[] = withSidebar
    ? [{ panel: sidebarPanel(state), rect: { ...area, width: left } }]
    : [];
  return [...sidebar, { panel: tablePanel(state, table.width - 2), rect: table }];
}

function sidebarPanel(state: State): Panel {
  const byStatus = state.data.overview?.value?.stats.byStatus ?? {};
  const total = state.data.overview?.value?.stats.total;
  const chosen = statusIn(state.lists.jobs.filter);
  const numbers = (status: JobStatus | undefined) => (status === undefined ? total : (byStatus[status] ?? 0));
  return {
    title: "Status",
    lines: SIDEBAR.map((status): Line => {
      const number = numbers(status);
      const isChosen = status === chosen;
      const style = status ? statusStyle(status) : {};
      const mark = isChosen ? "▸" : " ";
      return [
        span(mark, { bold: true }),
        span(
          `${status ? STATUS_GLYPHS[status] : " "} ${fit(status ? statusWord(status) : "all", 9)}`,
          isChosen ? { ...style, bold: true, dim: false } : style,
        ),
        isChosen
          ? bold((number === undefined ? GLYPHS.none : compact(number)).padStart(7))
          : dim((number === undefined ? GLYPHS.none : compact(number)).padStart(7)),
      ];
    }),
  };
}

const compact = (number: number) => (number < 100_000 ? count(number) : `${Math.round(number / 1_000)}k`);

function tablePanel(state: State, width: number): Panel {
  const rows = jobRows(state);
  const { jobs: list } = state.lists;
  const fault = faultOf(list.filter);
  const footer = footerOf(state, rows.length);
  if (fault) return { title: "Jobs", lines: [[span(` ${GLYPHS.bad} ${fault}`, { color: "bad" })]] };
  if (rows.length === 0) return { title: "Jobs", lines: emptyLines(state), footer };
  return {
    title: list.filter === "" ? "Jobs" : `Jobs ${GLYPHS.path} ${list.filter}`,
    lines: tableLines(columnsOf(state), rows, width),
    fixed: 1,
    firstRow: 0,
    selected: Math.min(list.index, rows.length - 1),
    footer,
  };
}

function emptyLines(state: State): Line[] {
  const { jobs } = state.data;
  if (jobs?.error && !jobs.value)
    return [[span(` ${GLYPHS.bad} ${jobs.error.message}`, { color: "bad" })], [dim(` ${jobs.error.remedy}`)]];
  if (!jobs?.value) return [[dim(" Waiting for the jobs")]];
  return state.lists.jobs.filter === ""
    ? [[], [span(" No jobs yet. Submit one: "), bold("N")]]
    : [
        [],
        [
          span(" No jobs match. "),
          bold("Esc"),
          span(" clears the filter, "),
          bold("/"),
          span(" changes it."),
        ],
      ];
}

function footerOf(state: State, shown: number): Line {
  const { marks, all, sort, follow } = state.lists.jobs;
  const parts: Line[] = [
    ...(all
      ? [[bold("everything that matches is marked")]]
      : marks.size > 0
        ? [[bold(`${count(marks.size)} marked`)]]
        : []),
    ...(sort > 0 ? [[dim(JOB_SORTS[sort]?.name ?? "")]] : []),
    ...(follow ? [[dim("following")]] : []),
    ...(state.frozen.jobs ? [[span(`frozen, ${count(newSinceFrozen(state))} new`, { color: "warn" })]] : []),
    ...(state.data.jobs?.value?.nextCursor ? [[dim(`the newest ${count(shown)}`)]] : []),
  ];
  return parts.flatMap((part, index) => (index === 0 ? part : [dim(" · "), ...part]));
}

function columnsOf(state: State): Column<Job>[] {
  const { marks, all, index } = state.lists.jobs;
  const under = jobRows(state)[index]?.id;
  // The row under the cursor shows the time of day; all others show the age.
  const ageOf = ({ id, createdAt }: Job) =>
    id === under
      ? span(clock(Date.parse(createdAt)).slice(0, 5))
      : dim(age(state.now - Date.parse(createdAt)));
  return [
    {
      title: "",
      width: 1,
      cell: ({ id }) => (all || marks.has(id) ? span(GLYPHS.mark, { color: "accent" }) : span(" ")),
    },
    { title: "id", width: 8, cell: ({ id }) => span(shortId(id)) },
    { title: "type", width: 10, cell: ({ type }) => span(type) },
    {
      title: "status",
      width: 11,
      cell: ({ status }) =>
        span(`${STATUS_GLYPHS[status]} ${STATUS_WORDS[status].word}`, statusStyle(status)),
    },
    { title: "try", width: 5, align: "right", drop: 1, cell: (job) => dim(shownTries(job)) },
    {
      title: "age",
      width: 6,
      align: "right",
      drop: 2,
      cell: ageOf,
    },
    {
      title: "took",
      width: 7,
      align: "right",
      drop: 3,
      cell: ({ durationMs }) => span(durationMs === undefined ? "" : duration(durationMs)),
    },
    { title: "why", width: 10, flexible: true, drop: 4, cell: (job) => dim(whyOf(job, state.now)) },
  ];
}

/** Returns the most useful fact about a job: its error, progress, worker or due time. */
function whyOf(job: Job, now: number): string {
  const { error, progress, status, runAt, cancelRequested, workerId } = job;
  if (status === "COMPLETED") return "";
  if (cancelRequested && !isTerminal(status)) return "stopping";
  if (status === "EXECUTING" && progress)
    return `${Math.round(progress.fraction * 100)}% ${progress.note ?? ""}`;
  if (status === "EXECUTING") return workerId ? `on ${workerId}` : "";
  const wait = runAt === undefined ? 0 : Date.parse(runAt) - now;
  const due = wait > 0 ? `in ${duration(wait)}` : "due";
  if (status === "SCHEDULED") return due;
  if (status === "RETRYING") return error ? `${due}: ${error.message}` : due;
  return error ? `${error.code}: ${error.message}` : "";
}
