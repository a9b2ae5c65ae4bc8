import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TSchema } from "@sinclair/typebox";
import { publishedSchemas } from "../shared/export-contracts.ts";
import { asyncApiDocument } from "./asyncapi.ts";
import { bumpBetween, isVersion } from "./compatibility/version.ts";
import { GATEWAY_ROUTES, READ_MODEL_ROUTES, type Route } from "./routes.ts";
import { publication } from "./schema.ts";

const PAGE = readFileSync(join(import.meta.dir, "VERSIONS.md"), "utf8");
const SERVICES = ["gateway", "processor", "metrics-engine", "read-model"];

const current = new Map(publishedSchemas().map(({ name, version }) => [name, version]));
const listed = rowsUnder("Schemas").map(([name = "", version = "", what = ""]) => ({
  name: unquoted(name),
  version,
  what,
}));
const history = itemsUnder("## History").map((item) => {
  const [, date = "", version = "", change = "", names = ""] =
    /^(\S+) (\S+) ([^:]+):\s+(.+)$/s.exec(item) ?? [];
  return { date, version, change, names: listOf(names).map(unquoted) };
});
const needs = SERVICES.flatMap((service) =>
  (["reads", "writes"] as const).flatMap((use) =>
    needsOf(service, use).map((need) => ({ service, use, ...need })),
  ),
);

test("every published schema is listed once, by name, with its version and what it is; there are no others", () => {
  expect(listed.map(({ name, version }) => `${name} ${version}`)).toEqual(
    [...current].map(([name, version]) => `${name} ${version}`),
  );
  expect(listed.filter(({ what }) => what === "")).toEqual([]);
});

test("the newest entry of a schema's history is its version, and each entry raises the one before", () => {
  const steps = new Map<string, string[]>();
  for (const { names, version } of history)
    for (const name of names) steps.set(name, [...(steps.get(name) ?? []), version]);
  expect([...steps].map(([name, versions]) => `${name} ${versions[0]}`).sort()).toEqual(
    [...current].map(([name, version]) => `${name} ${version}`).sort(),
  );
  for (const [name, versions] of steps)
    for (const [i, older] of versions.slice(1).entries())
      expect(`${name} ${bumpBetween(older, versions[i] ?? "")}`).toMatch(/ (patch|minor|major)$/);
});

test("the history has real days, the newest first, and says what changed", () => {
  const days = history.map(({ date }) => date);
  expect(days.length).toBeGreaterThan(0);
  for (const day of days) expect(new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10)).toBe(day);
  expect(days).toEqual([...days].sort().reverse());
  expect(history.filter(({ version, change }) => change === "" || !isVersion(version))).toEqual([]);
});

test("no service needs a schema that is not there, a newer version, or another major", () => {
  const faults = needs.filter(({ name, least }) => {
    const version = current.get(name);
    if (version === undefined || !isVersion(least)) return true;
    return !["none", "patch", "minor"].includes(bumpBetween(least, version));
  });
  expect(faults).toEqual([]);
});

test("no service names a schema twice for one use, and each reads and writes some", () => {
  for (const service of SERVICES)
    for (const use of ["reads", "writes"]) {
      const names = namesOf(service, use);
      expect(names.size).toBeGreaterThan(0);
      expect(needs.filter((need) => need.service === service && need.use === use)).toHaveLength(names.size);
    }
});

test("every schema is read or written by a service, but for the one of the data that a person's tools read", () => {
  const used = new Set(needs.map(({ name }) => name));
  expect([...current.keys()].filter((name) => !used.has(name))).toEqual(["ui-registry"]);
});

test("what a service's routes take and answer is among what it reads and writes", () => {
  const check = (service: string, routes: Readonly<Record<string, Route>>) => {
    const of = (schemas: readonly (TSchema | undefined)[]) =>
      schemas.flatMap((schema) => (schema && "$version" in schema ? [publication(schema).name] : []));
    const all = Object.values(routes);
    expect([...namesOf(service, "reads")]).toEqual(
      expect.arrayContaining(of(all.map(({ body }) => body?.schema))),
    );
    expect([...namesOf(service, "writes")]).toEqual(
      expect.arrayContaining(of(all.map(({ reply }) => reply.schema))),
    );
  };
  check("gateway", GATEWAY_ROUTES);
  check("read-model", READ_MODEL_ROUTES);
});

test("what a service sends and receives over the bus is among what it writes and reads", () => {
  const document = asyncApiDocument() as unknown as BusDocument;
  const operations = Object.values(document.operations);
  expect(operations.length).toBeGreaterThan(0);
  for (const { action, tags, messages } of operations) {
    const schemas = messages.flatMap(({ $ref }) => {
      const message = document.components.messages[$ref.split("/messages/")[1] ?? ""];
      return [...JSON.stringify(message).matchAll(/#\/components\/schemas\/([^"]+)/g)].map(
        ([, name]) => name,
      );
    });
    const named = namesOf(tags[0]?.name ?? "", action === "send" ? "writes" : "reads");
    expect(schemas.length).toBeGreaterThan(0);
    expect(schemas.filter((name) => !named.has(name ?? ""))).toEqual([]);
  }
});

interface BusDocument {
  operations: Record<
    string,
    { action: "send" | "receive"; tags: { name: string }[]; messages: { $ref: string }[] }
  >;
  components: { messages: Record<string, unknown> };
}

function sectionOf(heading: string): string {
  const start = PAGE.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`VERSIONS.md has no heading "${heading}"`);
  return PAGE.slice(start + heading.length + 2).split(/\n#{1,3} /)[0] ?? "";
}

/** The cells of a section's table, without its head. */
function rowsUnder(title: string): string[][] {
  const rows = sectionOf(`## ${title}`)
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return rows.slice(2);
}

function itemsUnder(heading: string): string[] {
  return sectionOf(heading)
    .split(/^- /m)
    .slice(1)
    .map((item) => item.trim());
}

function listOf(text: string): string[] {
  return text.split(",").map((entry) => entry.trim());
}

function needsOf(service: string, use: string): { name: string; least: string }[] {
  const item = itemsUnder(`### ${service}`).find((text) => text.startsWith(`${use}: `)) ?? "";
  // Whatever does not read as a name with a version is kept, and found to be no schema.
  return listOf(item.slice(use.length + 2))
    .map((entry) => entry.split(" "))
    .map(([name = "", least = ""]) => ({ name: unquoted(name), least }));
}

function namesOf(service: string, use: string): Set<string> {
  return new Set(
    needs.filter((need) => need.service === service && need.use === use).map(({ name }) => name),
  );
}

function unquoted(cell: string): string {
  return cell.replace(/^`(.*)`$/, "$1");
}
