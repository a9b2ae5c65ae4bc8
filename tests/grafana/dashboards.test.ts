import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { YAML } from "bun";
import mayBeEmpty from "../../compose/grafana/may-be-empty.json" with { type: "json" };
import { DASHBOARD_FOLDER, exportedDashboards } from "../../compose/grafana/source/export.ts";
import { readFilterQuery, readFilterText } from "../../contracts/read-filter.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import type { Route } from "../../contracts/route.ts";
import project from "../../package.json" with { type: "json" };
import { createProgram } from "../../tui/cli/program.ts";
import { createContext } from "../../tui/cli/run-command-line.ts";
import { compose, PROJECT, withDefaults } from "../parity/compose.ts";
import { askingPanels, dashboards, excuseOf, GRAFANA, panelQueries } from "./dashboards.ts";

const provisioned = <T>(path: string) =>
  YAML.parse(readFileSync(join(GRAFANA, "provisioning", path), "utf8")) as T;
const { datasources } = provisioned<{
  datasources: {
    name: string;
    uid: string;
    url: string;
    isDefault?: boolean;
    jsonData: Record<string, unknown>;
  }[];
}>("datasources/observatory.yaml");
const uids = Object.values(dashboards).map(({ uid }) => uid);

test("the dashboards match their source; to update them: bun run dashboards:export", () => {
  const files = exportedDashboards();
  expect(readdirSync(DASHBOARD_FOLDER).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files)
    expect({ name, text: readFileSync(join(DASHBOARD_FOLDER, name), "utf8") }).toEqual({ name, text });
});

test("the dashboards use the schema of compose.yaml's Grafana version", async () => {
  const tag = withDefaults(compose.services.grafana?.image).split(":").at(-1);
  expect(project.devDependencies["@grafana/schema"]).toBe(tag ?? "");
  const { defaultDashboard } = await import("@grafana/schema");
  for (const { schemaVersion } of Object.values(dashboards))
    expect(schemaVersion).toBe(defaultDashboard.schemaVersion);
});

describe("provisioning", () => {
  test("points data sources at services and ports in compose.yaml", () => {
    for (const { url } of datasources) {
      const { hostname, port } = new URL(url);
      const service = compose.services[hostname];
      const inside = [...(service?.ports ?? []), ...(service?.expose ?? [])].map((one) =>
        one.split(":").at(-1),
      );
      expect({ hostname, inside }).toEqual({ hostname, inside: expect.arrayContaining([port]) });
    }
    expect(datasources.filter(({ isDefault }) => isDefault)).toHaveLength(1);
    expect(new Set(datasources.map(({ uid }) => uid)).size).toBe(datasources.length);
  });

  test("has the scrape interval of Prometheus", () => {
    const prometheus = YAML.parse(
      readFileSync(join(PROJECT, "compose/prometheus/prometheus.yml"), "utf8"),
    ) as {
      global: { scrape_interval: string };
    };
    const source = datasources.find(({ uid }) => uid === "prometheus");
    expect(source?.jsonData.timeInterval).toBe(prometheus.global.scrape_interval);
  });

  test("looks for dashboards where compose.yaml mounts them", () => {
    const { providers } = provisioned<{ providers: { options: { path: string } }[] }>(
      "dashboards/observatory.yaml",
    );
    const mounts = compose.services.grafana?.volumes ?? [];
    for (const { options } of providers) expect(mounts).toContain(`./grafana/dashboards:${options.path}:ro`);
    expect(mounts).toContain("./grafana/provisioning:/etc/grafana/provisioning:ro");
  });
});

describe.each(Object.entries(dashboards))("%s", (_, { uid, title, tags, annotations, links, panels }) => {
  test("has a unique uid and the observatory tag", () => {
    expect(uid).toMatch(/^observatory-[a-z]+$/);
    expect(uids.filter((other) => other === uid)).toHaveLength(1);
    expect(title).not.toBe("");
    expect(tags).toEqual(["observatory"]);
    expect(links.length).toBeGreaterThan(0);
  });

  test("marks alerts", () => {
    expect(annotations.list.map(({ expr }) => expr)).toEqual(['ALERTS{alertstate="firing"}']);
    for (const { datasource } of annotations.list) expect(datasource.uid).toBe("prometheus");
  });

  test("has panels that do not overlap, each with its own id and title", () => {
    const spots = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`);
    });
    expect(new Set(spots).size).toBe(spots.length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map((panel) => panel.title)).size).toBe(panels.length);
    // Panels stay outside rows, because a folded row hides their queries.
    for (const { panels: inside } of panels) expect(inside ?? []).toEqual([]);
  });
});

test("every panel has a title, a unit, and queries on a provisioned data source", () => {
  expect(askingPanels.length).toBeGreaterThan(80);
  for (const { name, panel } of askingPanels) {
    const known = datasources.map(({ uid }) => uid);
    const asked = [panel.datasource, ...(panel.targets ?? []).map(({ datasource }) => datasource)];
    expect({
      name,
      title: panel.title,
      unit: panel.fieldConfig?.defaults.unit,
      queries: asked.length,
    }).toEqual({
      name,
      title: expect.stringMatching(/\S/),
      unit: expect.stringMatching(/\S/),
      queries: asked.length,
    });
    expect(asked.length).toBeGreaterThan(1);
    for (const source of asked) expect(known).toContain(source?.uid ?? "");
  }
});

test("every variable that a query or a link reads is defined by its dashboard or by Grafana", () => {
  for (const [name, dashboard] of Object.entries(dashboards)) {
    const known = [
      ...dashboard.templating.list.map((variable) => variable.name),
      "__rate_interval",
      "__range",
      "__url_time_range",
      "__field",
      "__all",
    ];
    const read = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, variable = ""]) => variable);
    expect({ name, unknown: read.filter((variable) => !known.includes(variable)) }).toEqual({
      name,
      unknown: [],
    });
    for (const variable of dashboard.templating.list)
      expect({ name, isRead: read.includes(variable.name) }).toEqual({ name, isRead: true });
  }
});

test("every link leads to a dashboard that has the link's variable, or to a read-model route that accepts the link's query", () => {
  const text = Object.values(dashboards)
    .map((dashboard) => JSON.stringify(dashboard))
    .join("\n");
  const inside = [...text.matchAll(/"\/d\/([\w-]+)\?var-(\w+)=/g)];
  expect(inside.length).toBeGreaterThan(10);
  for (const [link, uid, variable] of inside) {
    const target = Object.values(dashboards).find((dashboard) => dashboard.uid === uid);
    expect({ link, variables: target?.templating.list.map(({ name }) => name) }).toEqual({
      link,
      variables: expect.arrayContaining([variable]),
    });
  }
  const outside = [...text.matchAll(/\$\{read_model\}(\/[\w/-]*)(\?[\w=&]*)?/g)];
  expect(outside.length).toBeGreaterThan(10);
  for (const [link, path, search] of outside) {
    const routes: readonly Route[] = Object.values(READ_MODEL_ROUTES);
    const route = routes.find((one) => one.path === path && one.method === "GET");
    const names = [...new URLSearchParams(search).keys()];
    expect({ link, isThere: route !== undefined }).toEqual({ link, isThere: true });
    expect(Object.keys(route?.query ?? {})).toEqual(expect.arrayContaining(names));
  }
});

test("the command line accepts every command that a dashboard suggests", () => {
  const suggested = commandsIn(JSON.stringify(dashboards));
  expect(suggested.length).toBeGreaterThan(10);
  for (const command of suggested) expect({ command, ...parse(command) }).toMatchObject({ unknown: [] });
});

test("a link and the command in its title select the same jobs", () => {
  const links = askingPanels.flatMap(({ panel }) => panel.fieldConfig?.defaults.links ?? []);
  const lists = links.filter(({ url }) => url.includes("read_model}/jobs?"));
  expect(lists.length).toBeGreaterThan(10);
  for (const { title, url } of lists) {
    const [command = ""] = commandsIn(title);
    const address = new URL(filledLabels(url).replace(/^\$\{read_model\}/, "http://read-model"));
    const ofLink = readFilterQuery("jobs", address.searchParams);
    expect(ofLink.faults).toEqual([]);
    expect({ title, ...readFilterText("jobs", parse(command).filter) }).toEqual({ title, ...ofLink });
  }
});

test("docs/dashboards.md links to every dashboard by its title and URL", () => {
  const page = readFileSync(join(PROJECT, "docs/dashboards.md"), "utf8");
  for (const { uid, title } of Object.values(dashboards))
    expect(page).toContain(`[${title}](http://localhost:3002/d/${uid})`);
});

test("every panel listed as possibly empty exists, and has a reason", () => {
  for (const { pattern, where, reason } of mayBeEmpty) {
    expect(["everywhere", "stand-ins", "without-exporters"]).toContain(where);
    expect(reason).toMatch(/\w+ \w+/);
    const isThere = panelQueries.some((query) => excuseOf(query)?.pattern === pattern);
    expect({ pattern, isThere }).toEqual({ pattern, isThere: true });
  }
});

function filledLabels(text: string): string {
  return text.replaceAll(/\$\{__field\.labels\.type\}/g, "hash");
}

function commandsIn(text: string): string[] {
  return [...filledLabels(text).matchAll(/odd-dashboard [a-z][^`)"\\]*/g)].map(([command]) => command);
}

/** Parses a command without running it, after splitting it into words as a shell does. */
function parse(text: string): { unknown: string[]; filter: string } {
  const words = [...text.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word).slice(1);
  let command: CommandUnknownOpts = createProgram({
    context: createContext(),
    versionText: "",
    runTui: async () => undefined,
  });
  for (;;) {
    const child = command.commands.find((one) => one.name() === words[0]);
    if (!child) break;
    command = child;
    words.shift();
  }
  const { operands, unknown } = command.parseOptions(words);
  return { unknown: [...operands, ...unknown], filter: String(command.opts().filter) };
}
