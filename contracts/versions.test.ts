import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TSchema } from "@sinclair/typebox";
import { EVENT_TYPES } from "./events.ts";
import { GATEWAY_ROUTES } from "./gateway-routes.ts";
import { READ_MODEL_ROUTES } from "./read-model-routes.ts";
import type { Route } from "./route.ts";
import { publication } from "./schema.ts";
import { CATALOG } from "./schema-catalog.ts";
import { SERVICE_NAMES } from "./services.ts";
import { TOPOLOGY } from "./topology.ts";

const text = readFileSync(join(import.meta.dir, "VERSIONS.md"), "utf8");
// Job-type payloads have a separate table, which the export writes.
const current = new Map(CATALOG.map(({ name, version }) => [name, version]));

const listed = tableUnder("## Schemas").map(([name = "", version = "", what = "", history = ""]) => ({
  name,
  version,
  what,
  history: history.split(";").map((entry) => /^(\S+) \((\S+)\): (.+)$/.exec(entry.trim())?.slice(1) ?? []),
}));
const uses = tableUnder("## What each service needs").map(
  ([service = "", schema = "", use = "", minimum = ""]) => ({ service, schema, use, minimum }),
);

describe("the schema table", () => {
  test("lists exactly the published schemas and their versions, sorted by name", () => {
    expect(listed.map(({ name, version }) => [name, version])).toEqual([...current]);
  });

  test("describes each schema", () => {
    expect(listed.filter(({ what }) => what.length < 5)).toEqual([]);
  });

  test("has a history for each schema, newest first, starting with the current version", () => {
    for (const { name, version, history } of listed) {
      const dates = history.map(([, date]) => date ?? "");
      expect([name, history[0]?.[0]]).toEqual([name, version]);
      expect(history.every(([v, , change]) => /^\d+\.\d+\.\d+$/.test(v ?? "") && change)).toBe(true);
      expect(dates.every((date) => new Date(`${date}T00:00:00Z`).toISOString().startsWith(date))).toBe(true);
      expect(dates).toEqual([...dates].sort().reverse());
      const versions = history.map(([v]) => v ?? "");
      expect(versions).toEqual([...versions].sort((a, b) => Bun.semver.order(b, a)));
    }
  });
});

describe("the table of service needs", () => {
  test("lists every service, with one line for each schema it uses", () => {
    expect([...new Set(uses.map(({ service }) => service))]).toEqual([...SERVICE_NAMES]);
    const keys = uses.map(({ service, schema }) => `${service} ${schema}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(uses.filter(({ use }) => !["reads", "writes", "reads, writes"].includes(use))).toEqual([]);
  });

  test("requires only versions that the current versions satisfy", () => {
    const impossible = uses.filter(({ schema, minimum }) => {
      const version = current.get(schema);
      return !version || !Bun.semver.satisfies(version, `^${minimum}`);
    });
    expect(impossible).toEqual([]);
  });

  test("names a service for every schema except `services` and `ui-registry`, which no service reads", () => {
    const used = new Set(uses.map(({ schema }) => schema));
    expect([...current.keys()].filter((name) => !used.has(name))).toEqual(["services", "ui-registry"]);
  });

  test("names every schema that a gateway or read-model route accepts or returns", () => {
    expect(missing("gateway", GATEWAY_ROUTES)).toEqual([]);
    expect(missing("read-model", READ_MODEL_ROUTES)).toEqual([]);
  });

  test("names every schema that a consumer reads from its queues", () => {
    const events = EVENT_TYPES.map((eventType) => `event.${eventType}`);
    const arriving = {
      "jobs.created": ["event.job.created"],
      "events.observed": events,
      "jobs.failed.validation": ["refused-message"],
      "messages.parked": ["refused-message"],
    };
    for (const { name, consumer } of TOPOLOGY.queues)
      expect(arriving[name].filter((schema) => !does(consumer, "reads", schema))).toEqual([]);
  });
});

function does(service: string, what: "reads" | "writes", schema: string): boolean {
  return uses.some((use) => use.service === service && use.schema === schema && use.use.includes(what));
}

function missing(service: string, routes: Readonly<Record<string, Route>>): string[] {
  const lacks = (what: "reads" | "writes", schema: TSchema | undefined) => {
    if (!schema || !("$version" in schema)) return [];
    const { name } = publication(schema);
    return does(service, what, name) ? [] : [`${service} ${what} ${name}`];
  };
  return Object.values(routes).flatMap(({ body, reply }) => [
    ...lacks("reads", body?.schema),
    ...lacks("writes", reply.schema),
  ]);
}

/** Returns the cells of the table below a heading, without its header row. */
function tableUnder(heading: string): string[][] {
  const section = text.split(`\n${heading}\n`)[1]?.split("\n## ")[0];
  if (section === undefined) throw new Error(`VERSIONS.md has no ${heading}`);
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}
