import type { AnnotationQuery, Dashboard, DashboardLink, VariableModel } from "@grafana/schema";
import type { PlacelessPanel } from "./panels.ts";
import type { Plain } from "./plain.ts";
import { PROMETHEUS } from "./queries.ts";

/** A dashboard in the schema of compose.yaml's Grafana version, without the fields that only Grafana's database sets. */
export type ExportedDashboard = Plain<Dashboard>;

/** Panels side by side under a heading; panels that do not fit wrap to the next line. */
export interface Row {
  readonly title: string;
  /** The height of the panels in steps of 30 pixels; 8 by default. */
  readonly height?: number;
  readonly panels: readonly PlacelessPanel[];
}

/** `name` becomes the file name and, after `observatory-`, the uid. Renaming it breaks external links. */
export interface DashboardPlan {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly Plain<VariableModel>[];
  readonly links?: readonly Plain<DashboardLink>[];
  readonly rows: readonly Row[];
}

/** Every dashboard has this tag, and the menu links to all dashboards that have it. */
const TAG = "observatory";
const COLUMNS = 24;

/** The state in which Grafana's Explore page shows the newest traces. Every trace begins at the gateway. */
const TRACES = {
  traces: {
    datasource: "traces",
    queries: [{ refId: "A", queryType: "search", service: "gateway" }],
    range: { from: "now-1h", to: "now" },
  },
};

/** Marks each alert on every dashboard with a band while it fires. */
const ALERTS = {
  name: "Alerts",
  datasource: PROMETHEUS,
  enable: true,
  iconColor: "red",
  expr: 'ALERTS{alertstate="firing"}',
  step: "10s",
  titleFormat: "{{alertname}}",
  textFormat: "{{severity}} {{service}} {{engine}} {{type}} {{queue}}",
  tagKeys: "severity,service",
} satisfies Plain<AnnotationQuery> & Record<string, unknown>;

export function dashboard({
  name,
  title,
  description,
  variables = [],
  links = [],
  rows,
}: DashboardPlan): ExportedDashboard {
  return {
    uid: `observatory-${name}`,
    title,
    description,
    tags: [TAG],
    schemaVersion: 42,
    editable: true,
    graphTooltip: 1,
    timezone: "browser",
    time: { from: "now-30m", to: "now" },
    refresh: "10s",
    annotations: { list: [ALERTS] },
    links: [
      {
        type: "dashboards",
        title: "Dashboards",
        tags: [TAG],
        asDropdown: true,
        keepTime: true,
        includeVars: false,
        targetBlank: false,
        icon: "external link",
        tooltip: "",
      },
      {
        type: "link",
        title: "Traces",
        url: `/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify(TRACES))}`,
        tags: [],
        asDropdown: false,
        keepTime: false,
        includeVars: false,
        targetBlank: false,
        icon: "bolt",
        tooltip: "The newest traces of jobs",
      },
      ...links,
    ],
    templating: { list: [...variables] },
    panels: placed(rows),
  };
}

/** Returns a variable that offers a label's values. All are selected by default. */
export function labelVariable(label: string, metric: string): Plain<VariableModel> {
  return {
    type: "query",
    name: label,
    label,
    datasource: PROMETHEUS,
    query: {
      qryType: 1,
      query: `label_values(${metric}, ${label})`,
      label,
      metric,
      refId: "PrometheusVariableQueryEditor-VariableQuery",
    },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".*",
    current: { text: ["All"], value: ["$__all"] },
  };
}

/** Returns a hidden variable that holds a base URL for links; `?var-<name>=` in the URL overrides it. */
export function addressVariable(name: string, address: string): Plain<VariableModel> {
  return { type: "textbox", name, hide: 2, query: address, current: { text: address, value: address } };
}

/** Returns a link to another site for the top of a dashboard; its URL may contain variables. */
export function externalLink(title: string, url: string, tooltip: string): Plain<DashboardLink> {
  return {
    type: "link",
    title,
    url,
    tooltip,
    icon: "external link",
    tags: [],
    asDropdown: false,
    keepTime: false,
    includeVars: false,
    targetBlank: true,
  };
}

function placed(rows: readonly Row[]): NonNullable<ExportedDashboard["panels"]> {
  let id = 0;
  let y = 0;
  return rows.flatMap(({ title, height = 8, panels }) => {
    const heading = {
      id: ++id,
      type: "row" as const,
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 },
    };
    let x = 0;
    const inside = panels.map(({ width, ...panel }) => {
      const w = width ?? Math.floor(COLUMNS / panels.length);
      if (x + w > COLUMNS) {
        x = 0;
        y += height;
      }
      const gridPos = { x, y, w, h: height };
      x += w;
      return { id: ++id, ...panel, gridPos };
    });
    y += height;
    return [heading, ...inside];
  });
}
