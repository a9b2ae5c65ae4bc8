import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SUITES, suitesOf } from "./suites.ts";

const ROOT = join(import.meta.dir, "..");

test("every test file is in exactly one suite, and every path of a suite is there", async () => {
  const paths = SUITES.flatMap((suite) => suite.paths);
  for (const path of paths)
    expect({ path, exists: existsSync(join(ROOT, path)) }).toEqual({ path, exists: true });
  for await (const file of new Bun.Glob("{contracts,shared,services,tests,tui,web}/**/*.test.ts").scan(
    ROOT,
  )) {
    const holders = SUITES.filter((suite) =>
      suite.paths.some((path) => file === path || file.startsWith(`${path}/`)),
    );
    expect({ file, suites: holders.map((suite) => suite.name) }).toEqual({
      file,
      suites: [expect.any(String)],
    });
  }
});

test("what runs again is in another suite already", () => {
  const paths = new Set(SUITES.flatMap((suite) => suite.paths));
  const again = SUITES.flatMap((suite) => suite.again ?? []);
  expect(again.length).toBeGreaterThan(0);
  expect(again.filter((path) => !paths.has(path))).toEqual([]);
});

test("a name stands for each suite that begins with it", () => {
  const names = (name: string) => suitesOf(name).map((suite) => suite.name);
  expect(names("bus")).toEqual(["bus-amqp", "bus-postgres"]);
  expect(names("processor")).toEqual(["processor-units", "processor"]);
  expect(names("engine")).toEqual([]);
});
