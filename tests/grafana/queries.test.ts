import { afterAll, beforeAll, expect, test } from "bun:test";
import { selectorsOf } from "../compose/promql.ts";
import { objectOf } from "../kind/manifests.ts";
import { describeUnless } from "../support/describe-unless.ts";
import { startSteadyLoad } from "../support/steady-load.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";
import { type Watchers, watchWorld, whyUnwatched } from "../support/watchers.ts";
import { dashboards, excuseOf, filledIn, panelQueries } from "./dashboards.ts";

/** Long enough for a series to have two points, and for an alert with a wait of five seconds to fire. */
const ANSWER_MS = 30_000;

describeUnless(whyUnwatched(), "under load", () => {
  behavior("a Grafana query", { engines: "full" }, (world) => {
    let watchers: Watchers;
    let load: ReturnType<typeof startSteadyLoad>;
    beforeAll(async () => {
      watchers = await watchWorld(world());
      const jobs = [
        { type: "sleep", payload: { ms: 20 } },
        { type: "hash", payload: { text: "observe", rounds: 1_000 } },
        { type: "flaky", payload: { failFirst: 1 } },
        { type: "fail", maxAttempts: 1 },
        { type: "sleep", payload: { ms: -1 } },
      ];
      load = startSteadyLoad(world(), { perSecond: 20, job: (n) => jobs[n % jobs.length] ?? {} });
    });
    afterAll(async () => {
      await load?.stop();
      await watchers?.stop();
    });

    /** Returns the number of series with a numeric value. */
    const answers = async (expr: string): Promise<number> => {
      const { result } = await watchers.ask<{ result: { value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expr)}`,
      );
      return result.filter(({ value }) => Number.isFinite(Number(value[1]))).length;
    };
    /** Returns the queries that produce no number. */
    const unanswered = async (queries: readonly { from: string; expr: string }[]): Promise<string[]> => {
      const faults: string[] = [];
      for (const { from, expr } of queries) if ((await answers(expr)) === 0) faults.push(`${from}: ${expr}`);
      return faults;
    };
    const untilAnswered = (queries: readonly { from: string; expr: string }[]) =>
      eventually(
        async () => {
          // No other client queries the read-model, so these requests produce its metrics.
          await Promise.all(["/ledger", "/stats"].map((path) => world().get(path)));
          const faults = await unanswered(queries);
          if (faults.length > 0) throw new Error(`no number for\n${faults.join("\n")}`);
          return true;
        },
        { what: "every query to be answered", timeoutMs: ANSWER_MS, everyMs: 500 },
      );
    // Leaves out queries about exporters and the browser terminal, which do not run in this test. Queries about alerts
    // stay, because failing jobs make alerts fire here.
    const due = panelQueries.filter((query) => !excuseOf(query) || query.expr.includes("ALERTS"));

    test("returns a number for every panel", async () => {
      expect(due.length).toBeGreaterThan(80);
      await untilAnswered(due.map(({ from, expr }) => ({ from, expr: filledIn(expr) })));
    });

    test("reads only exported series", async () => {
      const known = new Set(await watchers.ask<string[]>("label/__name__/values"));
      // Prometheus itself creates ALERTS while an alert is active.
      known.add("ALERTS");
      const read = due.flatMap(({ from, expr }) =>
        selectorsOf(filledIn(expr)).map((selector) => ({
          from,
          name: /^[\w:]+/.exec(selector)?.[0] ?? selector,
        })),
      );
      expect(read.filter(({ name }) => !known.has(name))).toEqual([]);
    });

    test("returns a number when a link sets a variable", async () => {
      for (const [name, { templating }] of Object.entries(dashboards))
        for (const variable of templating.list) {
          if (typeof variable.query === "string") continue;
          const { label, metric } = variable.query;
          const values = await watchers.ask<string[]>(
            `label/${label}/values?match[]=${encodeURIComponent(metric)}`,
          );
          expect(values.length).toBeGreaterThan(1);
          const wanted = { type: "flaky", service: "read-model" }[variable.name] ?? "";
          expect(values).toContain(wanted);
          await untilAnswered(
            due
              .filter((query) => query.name === name && query.expr.includes(`$${variable.name}`))
              // The chosen service may not have refused any request, which leaves this panel empty.
              .filter(({ from }) => from !== "panel services/4xx responses, by route")
              .map(({ from, expr }) => ({ from, expr: filledIn(expr, { [variable.name]: wanted }) })),
          );
        }
    });

    test("returns nothing if may-be-empty.json lists it, because this test has no data for it", async () => {
      const excused = panelQueries.filter((query) => !due.includes(query));
      expect(excused.length).toBeGreaterThan(0);
      for (const { from, expr } of excused)
        expect({ from, series: await answers(filledIn(expr)) }).toEqual({ from, series: 0 });
    });

    test("returns a number for KEDA, which scales processors by waiting jobs", async () => {
      const { spec } = objectOf("ScaledObject", "processor") as unknown as {
        spec: { triggers: { metadata: { query: string } }[] };
      };
      const [trigger] = spec.triggers;
      expect(await answers(trigger?.metadata.query ?? "")).toBe(1);
      // The summed series must exist too, because the query's default value would hide a wrong name.
      expect(await answers(trigger?.metadata.query.replace(/ or vector\(0\)$/, "") ?? "")).toBe(1);
    });

    test("returns the alerts that each dashboard marks", async () => {
      const annotations = Object.entries(dashboards).flatMap(([name, dashboard]) =>
        dashboard.annotations.list.map(({ expr }) => ({ from: name, expr })),
      );
      expect(annotations.map(({ from }) => from)).toEqual(Object.keys(dashboards));
      await load.stop();
      await untilAnswered(annotations);
    });
  });
});
