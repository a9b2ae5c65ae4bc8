import { appendFileSync } from "node:fs";
import { join } from "node:path";
import mayBeEmpty from "../../compose/grafana/may-be-empty.json" with { type: "json" };
import { filledIn, panelQueries } from "../grafana/dashboards.ts";
import { selectorsOf } from "./promql.ts";

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
  /** Queries that failed, or that returned nothing although `may-be-empty.json` does not list them. */
  readonly faults: readonly string[];
}

/**
 * Sends every query of every rule and panel to a live Prometheus. Recording rules and panels must return a value. An
 * alert's expression must not fail, and every series that it reads must exist.
 */
export async function askEverything(
  prometheus: string,
  { folder, onStandIns }: { folder: string; onStandIns: boolean },
): Promise<LiveAnswers> {
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
        : // Looks back as far as a panel's longest window, which also finds series from before a container's restart.
          selectorsOf(query).map((selector) => ({
            from: `alert ${name}`,
            expr: `last_over_time(${selector}[10m])`,
          })),
    ),
    ...panelQueries.map(({ from, expr }) => ({ from, expr: filledIn(expr) })),
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
      fault = `${from} failed: ${(error as Error).message}: ${expr}`;
    }
    const excuse = mayBeEmpty.find(
      ({ pattern, where }) =>
        (where === "everywhere" || (onStandIns && where === "stand-ins")) &&
        new RegExp(pattern).test(`${from} ${expr}`),
    );
    if (fault && excuse) excused.push(`${fault} (${excuse.reason})`);
    else if (fault) faults.push(fault);
  }
  return { asked: queries.length + rules.length, excused, faults };
}
