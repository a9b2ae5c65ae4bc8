import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Alert } from "../../contracts/alert.ts";
import type { AlertsReply, Overview } from "../../contracts/api-queries.ts";
import { selectorsOf } from "../compose/promql.ts";
import { describeUnless } from "../support/describe-unless.ts";
import { readRules } from "../support/rule-book.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";
import { type Watchers, watchWorld, whyUnwatched } from "../support/watchers.ts";

/**
 * More than enough time for an alert to fire: in this test, rules are evaluated every second, and alerts that normally
 * wait a minute fire after 5 s.
 */
const ALERT_MS = 20_000;

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
}

for (const engines of ["full", "embedded"] as const)
  describeUnless(whyUnwatched(), `on ${engines} engines`, () => {
    behavior("a system that Prometheus watches", { engines }, (world) => {
      let watchers: Watchers;
      beforeAll(async () => {
        watchers = await watchWorld(world());
      });
      afterAll(() => watchers?.stop());

      const query = async (expr: string) =>
        (await watchers.ask<{ result: Sample[] }>(`query?query=${encodeURIComponent(expr)}`)).result;
      const firing = async (name: string): Promise<Alert[]> =>
        (await world().get<AlertsReply>("/alerts")).items.filter(
          (alert) => alert.name === name && alert.state === "firing",
        );

      test("is scraped completely and raises no alert", async () => {
        await eventually(async () => (await query("up == 1")).length === (engines === "full" ? 6 : 5), {
          what: "every target to answer",
        });
        // Evaluations before now do not count, because a processor seems to be missing until its first scrape.
        const from = Date.now();
        const { groups } = await eventually(
          async () => {
            const found = await watchers.ask<{
              groups: { lastEvaluation: string; rules: { name: string; health: string }[] }[];
            }>("rules");
            return found.groups.every((group) => Date.parse(group.lastEvaluation) > from + 2_000) && found;
          },
          { what: "every rule to be evaluated" },
        );
        for (const { name, health } of groups.flatMap((group) => group.rules))
          expect({ name, health }).toEqual({ name, health: "ok" });
        expect(groups.flatMap((group) => group.rules)).toHaveLength(readRules().length);
        expect((await watchers.ask<{ alerts: unknown[] }>("alerts")).alerts).toEqual([]);
        expect((await world().get<Overview>("/overview")).capabilities).toMatchObject({
          prometheus: true,
          alerts: true,
        });
      });

      test("exports every series that a rule selects", async () => {
        const done = await world().submitMany([
          ...Array.from({ length: 20 }, () => ({ type: "sleep", payload: { ms: 5 } })),
          { type: "flaky", payload: { failFirst: 1 } },
        ]);
        const failed = await world().submitMany([{ type: "fail", maxAttempts: 1 }]);
        await world().untilAll(done, "COMPLETED");
        await world().untilAll(failed, "FAILED");
        await world().job(done[0] ?? "");

        const selectors = [...new Set(readRules().flatMap(({ expr }) => selectorsOf(expr)))]
          // The embedded engines include no RabbitMQ, so the rules about its disk select nothing.
          .filter((selector) => engines === "full" || !selector.startsWith("rabbitmq_"));
        expect(selectors.length).toBeGreaterThan(15);
        for (const selector of selectors)
          await eventually(async () => (await query(selector)).length > 0, {
            what: `${selector} to be exported`,
          });
      });

      test("notifies watching clients within seconds when a service is killed and when it returns", async () => {
        const { gateway } = world().running;
        expect(await firing("ServiceDown")).toEqual([]);
        const stream = await followAlerts(world().readModel());

        await gateway.kill();
        // No client has requested alerts. The stream reports them because Alertmanager calls the webhook.
        await eventually(() => stream.text().includes('"kind":"alerts"'), {
          what: "the stream to report alerts",
          timeoutMs: ALERT_MS,
        });
        const [alert] = await eventually(
          async () => {
            const found = await firing("ServiceDown");
            return found.length > 0 && found;
          },
          { what: "ServiceDown in /alerts", timeoutMs: ALERT_MS },
        );
        expect(alert).toMatchObject({
          severity: "critical",
          summary: "gateway is down",
          runbookUrl: `${world().readModel()}/runbooks/ServiceDown`,
          labels: { service: "gateway", instance: new URL(gateway.url).host },
        });
        const response = await fetch(
          `${watchers.alertmanager.url}/api/v2/alerts?filter=alertname=ServiceDown`,
        );
        const [raw] = (await response.json()) as Record<"annotations" | "labels", Record<string, string>>[];
        expect(raw?.annotations.runbook_url).toBe(`${world().readModel()}/runbooks/ServiceDown`);
        expect(raw?.labels).not.toHaveProperty("runbooks");
        expect((await world().get<Overview>("/overview")).alerts.firing).toBeGreaterThan(0);

        await world().start("gateway", { PORT: new URL(gateway.url).port });
        await eventually(async () => (await firing("ServiceDown")).length === 0, {
          what: "ServiceDown to resolve",
          timeoutMs: ALERT_MS,
        });
        stream.stop();
      });

      test("silences an alert when a stopped service, an unavailable bus or a more severe alert explains it", async () => {
        const raise = (labels: Record<string, string>) => ({ labels });
        const response = await fetch(`${watchers.alertmanager.url}/api/v2/alerts`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify([
            raise({ alertname: "ServiceDown", severity: "critical", service: "web-pty" }),
            raise({ alertname: "RequestsSlow", severity: "warning", service: "web-pty", route: "/a" }),
            raise({ alertname: "RequestsSlow", severity: "warning", service: "elsewhere", route: "/b" }),
            raise({ alertname: "JobBudgetBurning", severity: "critical", service: "processor" }),
            raise({ alertname: "JobBudgetBurning", severity: "warning", service: "processor" }),
            raise({ alertname: "BusUnavailable", severity: "critical", engine: "bus" }),
            raise({ alertname: "OutboxStuck", severity: "critical", service: "processor" }),
          ]),
        });
        expect(response.status).toBe(200);
        const states = await eventually(
          async () => {
            const { items } = await world().get<AlertsReply>("/alerts");
            const found = Object.fromEntries(
              items.map(({ name, labels, state }) => [
                `${name} ${labels.severity} ${labels.service ?? labels.engine}`,
                state,
              ]),
            );
            // Alertmanager takes a short time to process the alerts that it receives.
            return found["OutboxStuck critical processor"] === "silenced" && found;
          },
          { what: "the alerts to be processed", timeoutMs: ALERT_MS },
        );
        expect(states).toMatchObject({
          "ServiceDown critical web-pty": "firing",
          "RequestsSlow warning web-pty": "silenced",
          "RequestsSlow warning elsewhere": "firing",
          "JobBudgetBurning critical processor": "firing",
          "JobBudgetBurning warning processor": "silenced",
          "BusUnavailable critical bus": "firing",
          "OutboxStuck critical processor": "silenced",
        });
      });
    });
  });

async function followAlerts(url: string) {
  const abort = new AbortController();
  const response = await fetch(`${url}/stream`, { signal: abort.signal });
  let text = "";
  void (async () => {
    try {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  })();
  return { text: () => text, stop: () => abort.abort() };
}
