import type { GraphFieldConfig, Panel, Threshold } from "@grafana/schema";
import type { Options as StatOptions } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as TimelineFields,
  Options as TimelineOptions,
} from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type { Options as TableOptions } from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type { Options as TextOptions } from "@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen";
import type { Options as SeriesOptions } from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type { Plain } from "./plain.ts";
import { PROMETHEUS, type Query, targetsOf } from "./queries.ts";

/** A panel without a position. `width` is in 24ths of the row. By default, the panels share the row equally. */
export type PlacelessPanel = Plain<Omit<Panel, "id" | "gridPos">> & { readonly width?: number };

/** The Grafana units used here. */
export type Unit = "none" | "short" | "percentunit" | "s" | "bytes" | "Bps" | "reqps" | "ops" | "cps";

/** The page that a click on a series opens; `${__field.labels.x}` is a label of that series. */
export interface DataLink {
  readonly title: string;
  readonly url: string;
  readonly targetBlank?: boolean;
}

interface Asked {
  readonly title: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly description?: string;
  readonly width?: number;
  readonly links?: readonly DataLink[];
  /**
   * Colors by value: the first color applies below the second step's value, and each later color applies from its own
   * step's value upward.
   */
  readonly steps?: readonly Plain<Threshold>[];
}

/** Returns steps that are green below `value` and red at or above it. */
export const badFrom = (value: number): Plain<Threshold>[] => [
  { color: "green", value: null },
  { color: "red", value },
];

/** Returns steps that are red below `value` and green at or above it. */
export const goodFrom = (value: number): Plain<Threshold>[] => [
  { color: "red", value: null },
  { color: "green", value },
];

const base = ({ title, description, queries, width }: Asked) => ({
  title,
  ...(description && { description }),
  datasource: PROMETHEUS,
  targets: targetsOf(queries),
  ...(width && { width }),
});

const defaults = ({ unit, links, steps }: Asked) => ({
  unit,
  ...(links && { links: [...links] }),
  ...(steps && { thresholds: { mode: "absolute" as const, steps: [...steps] } }),
});

/** Shows lines or stacked areas over time, on an axis that starts at zero. */
export function series(asked: Asked & { readonly stacked?: true; readonly max?: number }): PlacelessPanel {
  const custom: Plain<GraphFieldConfig> = {
    fillOpacity: asked.stacked ? 30 : 8,
    showPoints: "never",
    ...(asked.stacked && { stacking: { mode: "normal", group: "A" } }),
    ...(asked.steps && { thresholdsStyle: { mode: "dashed" } }),
  };
  const options: Plain<SeriesOptions> = {
    legend: { showLegend: true, displayMode: "list", placement: "bottom", calcs: [] },
    tooltip: { mode: "multi", sort: "desc" },
  };
  return {
    type: "timeseries",
    ...base(asked),
    fieldConfig: {
      defaults: { ...defaults(asked), min: 0, ...(asked.max !== undefined && { max: asked.max }), custom },
      overrides: [],
    },
    options,
  };
}

/** Shows the latest value in large type. */
export function stat(asked: Asked): PlacelessPanel {
  const options: Plain<StatOptions> = {
    colorMode: asked.steps ? "background" : "value",
    graphMode: "area",
    justifyMode: "auto",
    orientation: "auto",
    percentChangeColorMode: "standard",
    reduceOptions: { calcs: ["lastNotNull"] },
    showPercentChange: false,
    textMode: "auto",
    wideLayout: true,
  };
  return {
    type: "stat",
    ...base(asked),
    fieldConfig: {
      defaults: { ...defaults(asked), color: { mode: "thresholds" } },
      overrides: [],
    },
    options,
  };
}

/** Shows a band for each series: green while it is 1, red while it is 0. */
export function upTimeline(asked: Omit<Asked, "unit" | "steps">): PlacelessPanel {
  const custom: Plain<TimelineFields> = { fillOpacity: 70, lineWidth: 0 };
  const options: Plain<TimelineOptions> = {
    legend: { showLegend: false, displayMode: "list", placement: "bottom", calcs: [] },
    mergeValues: true,
    rowHeight: 0.8,
    showValue: "never",
    tooltip: { mode: "single", sort: "none" },
  };
  return {
    type: "state-timeline",
    ...base({ ...asked, unit: "none" }),
    fieldConfig: {
      defaults: {
        ...defaults({ ...asked, unit: "none", steps: goodFrom(1) }),
        color: { mode: "thresholds" },
        mappings: [
          {
            type: "value",
            options: {
              "0": { text: "down", color: "red", index: 0 },
              "1": { text: "up", color: "green", index: 1 },
            },
          },
        ],
        custom,
      },
      overrides: [],
    },
    options,
  };
}

/** Shows one row per current series. `columns` maps labels, or `Value`, to column titles, in display order. */
export function table(asked: Asked & { readonly columns: Readonly<Record<string, string>> }): PlacelessPanel {
  const names = Object.keys(asked.columns);
  const options: Plain<TableOptions> = { frameIndex: 0, showHeader: true, cellHeight: "sm" };
  return {
    type: "table",
    ...base(asked),
    fieldConfig: { defaults: defaults(asked), overrides: [] },
    options,
    transformations: [
      { id: "filterFieldsByName", options: { include: { names } } },
      {
        id: "organize",
        options: {
          indexByName: Object.fromEntries(names.map((name, at) => [name, at])),
          renameByName: asked.columns,
        },
      },
    ],
  };
}

/** Shows Markdown, which may contain the dashboard's variables. */
export function text(title: string, content: string): PlacelessPanel {
  const options: Plain<TextOptions> = { mode: "markdown", content };
  return { type: "text", title, options };
}
