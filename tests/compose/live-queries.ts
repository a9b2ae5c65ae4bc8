import { appendFileSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "./compose-project.ts";
import { selectorsOf } from "./promql.ts";

/** What may be empty on the system that the harness brings up, and why. */
const MAY_BE_EMPTY: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /web[_-]pty|\bpty_/, reason: "the browser terminal is not part of this system yet" },
];

interface Query {
  readonly from: string;
  readonly expr: string;
}

interface Rule {
  readonly name: string;
  readonly type: "alerting" | "recording";
  readonly query: string;
  readonly health: string;
  readonly lastError?: string;
}

export interface LiveAnswers {
  readonly asked: number;
  readonly excused: readonly string[];
  /** What erred or was empty without an excuse. */
  readonly faults: readonly string[];
}

/**
 * Ask a live Prometheus every query of every rule and of every panel. A recording rule and a panel must answer with
 * something; an alert's expression must not err, and every series that it reads must exist.
 */
export async function askEverything(prometheus: string, folder: string): Promise<LiveAnswers> {
  const ask = async (path: string) => {
    const reply = await fetch(`${prometheus}${path}`, { signal: AbortSignal.timeout(10_000) });
    const body = (await reply.json()) as {
      status: string;
      error?: string;
      data: { result: unknown[]; groups: { rules: Rule[] }[] };
    };
    if (body.status !== "success") throw new Error(body.error ?? `status ${reply.status}`);
    return body.data;
  };
  const rules = (await ask("/api/v1/rules")).groups.flatMap((group) => group.rules);
  const faults = rules.flatMap(({ name, health, lastError }) =>
    health === "ok" ? [] : [`rule ${name} is ${health}: ${lastError || "it was not evaluated"}`],
  );
  const queries: Query[] = [
    ...rules.flatMap(({ type, name, query }): Query[] =>
      type === "recording"
        ? [{ from: `record ${name}`, expr: query }]
        : // As long as the longest window of a panel: what a container had before it was started again counts.
          selectorsOf(query).map((selector) => ({
            from: `alert ${name}`,
            expr: `last_over_time(${selector}[10m])`,
          })),
    ),
    ...panelQueries(),
  ];
  const excused: string[] = [];
  for (const { from, expr } of queries) {
    let fault: string | undefined;
    try {
      const { result } = await ask(`/api/v1/query?query=${encodeURIComponent(expr)}`);
      appendFileSync(
        join(folder, "queries.jsonl"),
        `${JSON.stringify({ from, expr, series: result.length, first: result[0] })}\n`,
      );
      if (result.length === 0) fault = `${from} is empty: ${expr}`;
    } catch (error) {
      fault = `${from} errs: ${(error as Error).message}: ${expr}`;
    }
    const excuse = MAY_BE_EMPTY.find(({ pattern }) => pattern.test(`${from} ${expr}`));
    if (fault && excuse) excused.push(`${fault} (${excuse.reason})`);
    else if (fault) faults.push(fault);
  }
  return { asked: queries.length + rules.length, excused, faults };
}

interface Panel {
  readonly title?: string;
  readonly panels?: readonly Panel[];
  readonly targets?: readonly { readonly expr?: string }[];
}

/** Those of every dashboard that is provisioned, with Grafana's variables given as it would give them. */
function panelQueries(): Query[] {
  return globSync(join(ROOT, "compose/grafana/dashboards/**/*.json")).flatMap((file) => {
    const dashboard = JSON.parse(readFileSync(file, "utf8")) as Panel;
    const panels = (panel: Panel): readonly Panel[] => [panel, ...(panel.panels ?? []).flatMap(panels)];
    return panels(dashboard).flatMap(({ title, targets = [] }) =>
      targets.flatMap(({ expr }) =>
        expr ? [{ from: `panel ${basename(file, ".json")}/${title}`, expr: withoutVariables(expr) }] : [],
      ),
    );
  });
}

function withoutVariables(expr: string): string {
  return expr
    .replace(/\$\{?__(rate_interval|interval|range)(_m?s)?\}?/g, "5m")
    .replace(/\$\{\w+(:\w+)?\}|\$\w+/g, ".*");
}
