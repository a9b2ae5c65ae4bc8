import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import mayBeEmpty from "../../compose/grafana/may-be-empty.json" with { type: "json" };

export const GRAFANA = join(import.meta.dir, "../../compose/grafana");
const FOLDER = join(GRAFANA, "dashboards");

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}
export interface StoredPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string;
      readonly links?: readonly { readonly title: string; readonly url: string }[];
    };
  };
  readonly options?: { readonly content?: string };
  readonly targets?: readonly Target[];
  readonly panels?: readonly unknown[];
}
interface StoredVariable {
  readonly name: string;
  readonly type: string;
  readonly allValue?: string;
  readonly query: string | { readonly query: string; readonly label: string; readonly metric: string };
}
export interface StoredDashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly tags: readonly string[];
  readonly links: readonly { readonly url?: string }[];
  readonly annotations: {
    readonly list: readonly {
      readonly name: string;
      readonly expr: string;
      readonly datasource: { uid: string };
    }[];
  };
  readonly templating: { readonly list: readonly StoredVariable[] };
  readonly panels: readonly StoredPanel[];
}

/** The JSON of every dashboard that Grafana loads, keyed by file name without `.json`. */
export const dashboards: Readonly<Record<string, StoredDashboard>> = Object.fromEntries(
  readdirSync(FOLDER).map((file) => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as StoredDashboard,
  ]),
);

/** Every panel that runs queries, with its dashboard's name. */
export const askingPanels = Object.entries(dashboards).flatMap(([name, { panels }]) =>
  panels.flatMap((panel) => (panel.type === "row" || panel.type === "text" ? [] : [{ name, panel }])),
);

/** Every panel's queries. The patterns in may-be-empty.json match `from` and `expr`. */
export const panelQueries = askingPanels.flatMap(({ name, panel }) =>
  (panel.targets ?? []).map(({ expr }) => ({ name, from: `panel ${name}/${panel.title}`, expr })),
);

/** Returns a query's entry in may-be-empty.json, or undefined if the query must return data everywhere. */
export function excuseOf({ from, expr }: { from: string; expr: string }) {
  return mayBeEmpty.find(({ pattern }) => new RegExp(pattern).test(`${from} ${expr}`));
}

/**
 * Replaces a query's variables as Grafana would, with five minutes as the range and interval. A variable without a
 * value in `values` matches everything.
 */
export function filledIn(expr: string, values: Readonly<Record<string, string>> = {}): string {
  return expr
    .replaceAll(/\$__(rate_interval|range)\b/g, "5m")
    .replaceAll(/\$(\w+)\b/g, (_, name: string) => values[name] ?? ".*");
}
