import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { YAML } from "bun";
import { runTool } from "../../shared/run-tool.ts";
import { findProgram } from "../../tui/engines/locate.ts";
import { alertmanagerConfig } from "../../tui/launch/alertmanager-config.ts";
import { prometheusConfig } from "../../tui/launch/prometheus-config.ts";
import { describeUnless } from "../support/describe-unless.ts";
import { prometheusFolder, readRules } from "../support/rule-book.ts";

const root = join(import.meta.dir, "../..");
const rules = readRules();
const alerts = [...new Set(rules.flatMap(({ alert }) => alert ?? []))].sort();

test("every alert has a severity, a summary, a description and a runbook", () => {
  expect(alerts.length).toBeGreaterThanOrEqual(9);
  for (const { alert, labels, annotations } of rules.filter((rule) => rule.alert)) {
    expect(["critical", "warning"]).toContain(labels?.severity ?? "");
    expect(annotations).toEqual({
      summary: expect.any(String),
      description: expect.any(String),
      runbook_url: `{{ $externalLabels.runbooks }}/${alert}`,
    });
    expect(readFileSync(join(root, `docs/runbooks/${alert}.md`), "utf8")).toStartWith(`# ${alert}\n`);
  }
});

test("every runbook belongs to an alert", () => {
  const pages = readdirSync(join(root, "docs/runbooks")).filter((name) => name !== "README.md");
  expect(pages.map((name) => name.replace(/\.md$/, "")).sort()).toEqual(alerts);
});

test("every alert has a test in which it fires and a test in which it stays silent", () => {
  const cases = readdirSync(join(prometheusFolder, "tests")).flatMap((name) => {
    const { tests } = YAML.parse(readFileSync(join(prometheusFolder, "tests", name), "utf8")) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
    };
    return tests.flatMap((one) => one.alert_rule_test);
  });
  const named = (fires: boolean) =>
    [
      ...new Set(
        cases.filter((one) => Boolean(one.exp_alerts?.length) === fires).map((one) => one.alertname),
      ),
    ].sort();
  expect(named(true)).toEqual(alerts);
  expect(named(false)).toEqual(alerts);
});

const promtool = findProgram("promtool");
const amtool = findProgram("amtool");
const reason =
  promtool && amtool
    ? undefined
    : "promtool or amtool is not on the PATH; try: apt-get install prometheus prometheus-alertmanager";

describeUnless(reason, "Prometheus's own tools", () => {
  const tool = (program: string | undefined, ...args: string[]) => {
    if (!program) throw new Error(reason);
    return runTool([program, ...args]);
  };

  test("find that each alert fires when it should and only then", async () => {
    const folder = join(prometheusFolder, "tests");
    const files = readdirSync(folder).map((name) => join(folder, name));
    expect((await tool(promtool, "test", "rules", ...files)).match(/SUCCESS/g)).toHaveLength(files.length);
  });

  test("accept the rules and the configurations for Compose and for a local run", async () => {
    const folder = mkdtempSync(join(tmpdir(), "observatory-rules-"));
    try {
      expect(await tool(promtool, "check", "config", join(prometheusFolder, "prometheus.yml"))).not.toMatch(
        /FAILED|duplicate/,
      );
      expect(existsSync(join(prometheusFolder, "rules"))).toBe(true);
      await tool(amtool, "check-config", join(root, "compose/alertmanager/alertmanager.yml"));

      const prometheus = join(folder, "prometheus.yml");
      writeFileSync(
        prometheus,
        prometheusConfig({
          readModel: "http://127.0.0.1:8083",
          targets: {
            gateway: ["127.0.0.1:3000"],
            rabbitmq: ["127.0.0.1:15692"],
            alertmanager: ["[::1]:9093"],
          },
        }),
      );
      expect(await tool(promtool, "check", "config", prometheus)).toContain("4 rule files found");
      const alertmanager = join(folder, "alertmanager.yml");
      writeFileSync(alertmanager, alertmanagerConfig("http://127.0.0.1:8080", join(folder, "token")));
      await tool(amtool, "check-config", alertmanager);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("a local run uses Compose's scrape jobs with local addresses", () => {
  const readModel = "http://127.0.0.1:8083";
  const targets = { processor: ["127.0.0.1:1", "127.0.0.1:2"], rabbitmq: ["127.0.0.1:3"] };
  const { global, scrape_configs, alerting } = JSON.parse(prometheusConfig({ readModel, targets }));
  expect(global.external_labels).toEqual({ runbooks: `${readModel}/runbooks` });
  expect(alerting.alert_relabel_configs).toEqual([{ action: "labeldrop", regex: "runbooks" }]);
  expect(scrape_configs).toEqual([
    {
      job_name: "processor",
      honor_labels: true,
      static_configs: [{ targets: ["127.0.0.1:1", "127.0.0.1:2"], labels: { service: "processor" } }],
    },
    {
      job_name: "rabbitmq",
      metrics_path: "/metrics/per-object",
      static_configs: [{ targets: ["127.0.0.1:3"], labels: {} }],
    },
  ]);
  expect(alerting.alertmanagers[0].static_configs[0].targets).toEqual([]);
  expect(() => prometheusConfig({ readModel, targets: { nobody: ["127.0.0.1:1"] } })).toThrow("nobody");

  const { receivers, route } = JSON.parse(alertmanagerConfig("http://127.0.0.1:8083", "/x/token"));
  expect(receivers).toHaveLength(1);
  expect(receivers[0].name).toBe(route.receiver);
  expect(receivers[0].webhook_configs).toEqual([
    {
      url: "http://127.0.0.1:8083/webhook/alerts",
      send_resolved: true,
      http_config: { authorization: { type: "Bearer", credentials_file: "/x/token" } },
    },
  ]);
});
