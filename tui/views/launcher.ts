import { duration } from "../../shared/format.ts";
import type { Rect } from "../canvas.ts";
import { GLYPHS, STATUS_GLYPHS } from "../glyphs.ts";
import { commandOf, isUp, type Launch, type Prerequisite, stepsOf, TIERS } from "../launch-state.ts";
import type { State } from "../model.ts";
import { bold, dim, type Line, type Span, span } from "../style.ts";
import { fit, sanitize } from "../text.ts";
import { type Column, type Panel, type Placed, tableLines } from "./panel.ts";

/** Shows the ways to run the system and, after a launch, its steps and output. */
export function launcherView(state: State, area: Rect): Placed[] {
  const { launch } = state;
  const upper = Math.min(TIERS.length + 3, area.height);
  const tiers: Placed = { panel: tiersPanel(state, area.width - 2), rect: { ...area, height: upper } };
  if (!launch) return [tiers, { panel: explained(state), rect: below(area, upper) }];
  const steps = stepsOf(launch);
  const middle = Math.min(Math.max(4, steps.length + 3), Math.floor((area.height - upper) / 2));
  return [
    tiers,
    { panel: stepsPanel(state, launch), rect: { ...below(area, upper), height: middle } },
    { panel: outputPanel(launch), rect: below(area, upper + middle) },
  ];
}

const below = (area: Rect, rows: number): Rect => ({
  ...area,
  y: area.y + rows,
  height: Math.max(0, area.height - rows),
});

function tiersPanel(state: State, width: number): Panel {
  const columns: Column<(typeof TIERS)[number]>[] = [
    { title: "tier", width: 10, cell: ({ name }) => span(name) },
    { title: "needs", width: 10, flexible: true, drop: 1, cell: ({ needs }) => dim(needs) },
  ];
  return {
    title: "Launcher",
    lines: tableLines(columns, TIERS, width),
    fixed: 1,
    firstRow: 0,
    selected: state.lists.launcher.index,
  };
}

function explained(state: State): Panel {
  const runs = state.data.overview?.value !== undefined && !state.data.overview.error;
  return {
    title: "Start",
    lines: [
      [],
      runs
        ? [
            span(` ${GLYPHS.ok} `, { color: "good" }),
            span("A system is running; Ctrl+Q stops it if it was started here."),
          ]
        : [span(" Nothing is running here. "), bold("↵"), span(" starts the chosen tier in this folder.")],
      [dim(" It keeps running when you leave this program.")],
      [],
      [dim(" S shows what this machine has and lacks.")],
    ],
  };
}

function stepsPanel(state: State, launch: Launch): Panel {
  const { doing, startedAt, endedAt = state.now, exitCode } = launch;
  const steps = stepsOf(launch).map(
    ({ name, state: at, detail }): Line => [
      at === "ready"
        ? span(` ${GLYPHS.ok} `, { color: "good" })
        : span(` ${STATUS_GLYPHS.EXECUTING} `, { color: "busy" }),
      span(fit(sanitize(name), 18)),
      dim(sanitize(detail)),
    ],
  );
  const hasFailed = exitCode !== undefined && exitCode !== 0;
  const remedy: Line[] = hasFailed
    ? [
        [
          span(" The last lines below show why; ", { color: "bad" }),
          bold("S"),
          span(" checks what this machine lacks."),
        ],
      ]
    : [];
  const lines = [...remedy, ...steps];
  return {
    title: doing === "start" ? "Start" : "Stop",
    headings: [headlineOf(launch), ...(isUp(launch) ? [] : [dim(` ${duration(endedAt - startedAt)}`)])],
    lines:
      lines.length > 0
        ? lines
        : [[dim(exitCode === undefined || doing === "start" ? " In progress" : " Nothing is left running")]],
  };
}

function headlineOf(launch: Launch): Span {
  const { doing, tier, exitCode } = launch;
  if (exitCode !== undefined && exitCode !== 0)
    return span(`${GLYPHS.bad} exited with code ${exitCode}`, { color: "bad" });
  if (isUp(launch)) return span(`${GLYPHS.ok} ${tier} is up`, { color: "good" });
  if (exitCode === 0) return span(`${GLYPHS.ok} stopped`, { color: "good" });
  return span(doing === "start" ? `starting ${tier}` : "stopping", { color: "busy" });
}

function outputPanel({ lines }: Launch): Panel {
  return {
    title: "Output",
    lines: lines.map((text): Line => [span(` ${sanitize(text)}`)]),
    selected: lines.length - 1,
    isCalm: true,
  };
}

/** Shows what this machine has and lacks, and the remedy for the selected problem. */
export function setupView(state: State, area: Rect): Placed[] {
  const { value: checks, error } = state.data.checks ?? {};
  if (!checks)
    return [
      {
        panel: {
          title: "Setup",
          lines: [
            error
              ? [span(` ${GLYPHS.bad} ${sanitize(error.message)}`, { color: "bad" })]
              : [dim(" Checking this machine")],
          ],
        },
        rect: area,
      },
    ];
  const { index } = state.lists.setup;
  const looks = { OK: [GLYPHS.ok, "good"], WARN: [GLYPHS.warn, "warn"], FAIL: [GLYPHS.bad, "bad"] } as const;
  const columns: Column<Prerequisite>[] = [
    { title: "", width: 1, cell: ({ status }) => span(looks[status][0], { color: looks[status][1] }) },
    { title: "what", width: 18, cell: ({ name }) => span(name) },
    { title: "status", width: 6, drop: 2, cell: ({ status }) => span(status, { color: looks[status][1] }) },
    { title: "found", width: 10, flexible: true, drop: 1, cell: ({ detail }) => dim(detail) },
  ];
  const chosen = checks[Math.min(index, checks.length - 1)];
  const lower = chosen?.remedy ? 4 : 0;
  const list: Placed = {
    panel: {
      title: "Setup",
      lines: tableLines(columns, checks, area.width - 2),
      fixed: 1,
      firstRow: 0,
      selected: Math.min(index, checks.length - 1),
    },
    rect: { ...area, height: area.height - lower },
  };
  if (!chosen?.remedy) return [list];
  const action = commandOf(chosen) ? "↵ runs it once you confirm, c copies it" : "c copies it";
  return [
    list,
    {
      panel: { title: "Remedy", lines: [[span(` ${sanitize(chosen.remedy)}`)], [dim(` ${action}`)]] },
      rect: below(area, area.height - lower),
    },
  ];
}
