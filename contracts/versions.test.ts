import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TSchema } from "@sinclair/typebox";
import { CATALOGUE } from "./catalogue.ts";
import { EVENT_TYPES } from "./events.ts";
import { GATEWAY_ROUTES, READ_MODEL_ROUTES, type Route } from "./routes.ts";
import { publication } from "./schema.ts";
import { SERVICE_NAMES } from "./services.ts";
import { TOPOLOGY } from "./topology.ts";

const text = readFileSync(join(import.meta.dir, "VERSIONS.md"), "utf8");
// Payloads of job types have a table of their own, which the export writes.
const current = new Map(CATALOGUE.map(({ name, version }) => [name, version]));

const listed = tableUnder("## Schemas").map(([name = "", version = "", what = "", history = ""]) => ({
  name,
  version,
  what,
  // Newest first.
  history: history.split(";").map((entry) => /^(\S+) \((\S+)\): (.+)$/.exec(entry.trim())?.slice(1) ?? []),
}));
const uses = tableUnder("## What each service needs").map(
  ([service = "", schema = "", use = "", minimum = ""]) => ({ service, schema, use, minimum }),
);

describe("the table of schemas", () => {
  test("lists every published schema at its version, in the order of names, and no other", () => {
    expect(listed.map(({ name, version }) => [name, version])).toEqual([...current]);
  });

  test("says what each is", () => {
    expect(listed.filter(({ what }) => what.length < 5)).toEqual([]);
  });

  test("has a history for each that goes back in time and begins with the version of today", () => {
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

describe("the table of services", () => {
  test("is about our services, and each has one line for a schema", () => {
    expect([...new Set(uses.map(({ service }) => service))]).toEqual([...SERVICE_NAMES]);
    const keys = uses.map(({ service, schema }) => `${service} ${schema}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(uses.filter(({ use }) => !["reads", "writes", "reads, writes"].includes(use))).toEqual([]);
  });

  test("asks for no more than there is, of the same major", () => {
    const impossible = uses.filter(({ schema, minimum }) => {
      const version = current.get(schema);
      return !version || !Bun.semver.satisfies(version, `^${minimum}`);
    });
    expect(impossible).toEqual([]);
  });

  test("knows a user of every schema but the lists of interfaces and of services, which no service reads", () => {
    const used = new Set(uses.map(({ schema }) => schema));
    expect([...current.keys()].filter((name) => !used.has(name))).toEqual(["services", "ui-registry"]);
  });

  test("names what the routes of gateway and read-model take and give", () => {
    expect(missing("gateway", GATEWAY_ROUTES)).toEqual([]);
    expect(missing("read-model", READ_MODEL_ROUTES)).toEqual([]);
  });

  test("names what comes out of the queues at their consumers", () => {
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

/** The cells of the first table below a heading, without its head. */
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
