import type { Alert } from "../../contracts/alert.ts";
import { age, clock } from "../../shared/format.ts";
import type { Rect } from "../canvas.ts";
import { GLYPHS } from "../glyphs.ts";
import type { State } from "../model.ts";
import { bold, dim, type Line, span } from "../style.ts";
import { fit, sanitize, wrap } from "../text.ts";
import { type Column, type Panel, type Placed, tableLines } from "./panel.ts";

/** Lists the alerts and explains the selected one. Without an Alertmanager, explains how to get alerts. */
export function alertsView(state: State, area: Rect): Placed[] {
  const { value: alerts, error } = state.data.alerts ?? {};
  if (!alerts || alerts.source === "none" || alerts.items.length === 0) {
    const lines = !alerts
      ? [
          error
            ? [span(` ${GLYPHS.bad} ${sanitize(error.message)}`, { color: "bad" } as const)]
            : [dim(" Waiting for the alerts")],
        ]
      : alerts.source === "none"
        ? howToGetAlerts(area.width - 6)
        : quiet();
    return [{ panel: { title: "Alerts", lines }, rect: area }];
  }
  const chosen = alerts.items[Math.min(state.lists.alerts.index, alerts.items.length - 1)];
  const upper = Math.min(alerts.items.length + 3, Math.max(5, Math.floor(area.height * 0.5)));
  const lower: Rect = { ...area, y: area.y + upper, height: area.height - upper };
  return [
    { panel: listPanel(state, alerts.items, area.width - 2), rect: { ...area, height: upper } },
    ...(chosen ? [{ panel: detailPanel(chosen, area.width - 4), rect: lower }] : []),
  ];
}

const quiet = (): Line[] => [
  [],
  [
    span(` ${GLYPHS.ok} `, { color: "good" }),
    span("No alert is firing. Alerts appear here as soon as Prometheus raises them."),
  ],
];

function howToGetAlerts(width: number): Line[] {
  const [first = "", ...rest] = wrap("This system cannot raise alerts: no Alertmanager is running.", width);
  return [
    [],
    [span(` ${GLYPHS.warn} `, { color: "warn" }), span(first)],
    ...rest.map((text): Line => [span(`   ${text}`)]),
    [],
    [bold(" To get them")],
    [span("   docker compose up    "), dim("includes Prometheus and Alertmanager")],
    [span("   bun run dev          "), dim("starts them where both are on the PATH")],
  ];
}

function listPanel(state: State, alerts: readonly Alert[], width: number): Panel {
  const columns: Column<Alert>[] = [
    {
      title: "state",
      width: 10,
      cell: ({ state: at, severity }) =>
        span(
          `${at === "firing" ? GLYPHS.warn : at === "resolved" ? GLYPHS.ok : GLYPHS.paused} ${at}`,
          at === "firing" ? { color: severity === "critical" ? "bad" : "warn" } : { dim: true },
        ),
    },
    {
      title: "severity",
      width: 8,
      drop: 2,
      cell: ({ severity }) => span(severity, severity === "critical" ? { color: "bad" } : {}),
    },
    { title: "alert", width: 22, cell: ({ name }) => span(name) },
    {
      title: "since",
      width: 6,
      align: "right",
      cell: ({ startsAt }) => dim(age(state.now - Date.parse(startsAt))),
    },
    { title: "summary", width: 10, flexible: true, drop: 1, cell: ({ summary }) => span(summary) },
  ];
  return {
    title: "Alerts",
    lines: tableLines(columns, alerts, width),
    fixed: 1,
    firstRow: 0,
    selected: Math.min(state.lists.alerts.index, alerts.length - 1),
  };
}

function detailPanel(
  { name, summary, description, startsAt, runbookUrl, labels }: Alert,
  width: number,
): Panel {
  const text = (words: string): Line[] => wrap(sanitize(words), width).map((row): Line => [span(` ${row}`)]);
  const shown = Object.entries(labels).filter(([key]) => key !== "alertname" && key !== "severity");
  return {
    title: name,
    lines: [
      ...text(summary),
      ...(description ? [[], ...text(description)] : []),
      [],
      [dim(` ${fit("since", 10)}`), span(clock(Date.parse(startsAt)))],
      ...(runbookUrl
        ? [[dim(` ${fit("runbook", 10)}`), span(sanitize(runbookUrl)), dim("  Enter copies or opens it")]]
        : []),
      ...shown.map(([key, value]): Line => [dim(` ${fit(sanitize(key), 10)}`), span(sanitize(value))]),
    ],
  };
}
