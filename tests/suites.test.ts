import { expect, test } from "bun:test";
import { join } from "node:path";
import { filesOf, isBelow, ONCE, SUITES, suitesOf, testFiles } from "./suites.ts";

const ROOT = join(import.meta.dir, "..");
const FILES = testFiles();

test("every test file is in exactly one suite", () => {
  const own = SUITES.flatMap((suite) => filesOf({ ...suite, again: [] }, FILES));
  expect(own.toSorted()).toEqual(FILES);
});

test("every suite path contains tests", () => {
  const paths = SUITES.flatMap((suite) => [...suite.paths, ...(suite.again ?? [])]);
  expect(paths.filter((path) => !FILES.some((file) => isBelow(file, path)))).toEqual([]);
});

test("a suite that repeats other suites' folders runs no test twice and skips the tests in ONCE, all of which are in such folders", () => {
  const again = SUITES.filter((suite) => suite.again);
  expect(again.length).toBeGreaterThan(0);
  for (const suite of again) {
    const files = filesOf(suite, FILES);
    expect(new Set(files).size).toBe(files.length);
    expect(ONCE.filter((file) => files.includes(file))).toEqual([]);
  }
  const folders = again.flatMap((suite) => suite.again ?? []);
  expect(
    ONCE.filter((file) => !FILES.includes(file) || !folders.some((path) => isBelow(file, path))),
  ).toEqual([]);
});

test("a test belongs to the suite with the nearest path", () => {
  const suiteOf = (file: string) => SUITES.find((suite) => filesOf(suite, [file]).length > 0)?.name;
  expect(suiteOf("tests/dev/full.test.ts")).toBe("dev-full");
  expect(suiteOf("tests/dev/new.test.ts")).toBe("dev-embedded");
  expect(suiteOf("tui/views/new.test.ts")).toBe("tui-units");
  expect(suiteOf("tests/new/new.test.ts")).toBe("parity");
});

test("a test that starts engines is in a suite that names them", async () => {
  const starts = /support\/(?:suite|world|engines|world-engines)\.ts"/;
  const without = SUITES.filter(({ engines }) => engines.length === 0).flatMap((suite) =>
    filesOf(suite, FILES),
  );
  const texts = await Promise.all(without.map((file) => Bun.file(join(ROOT, file)).text()));
  expect(without.filter((_, n) => starts.test(texts[n] ?? ""))).toEqual([]);
});

test("a name such as dev selects the suite of that name and those whose names extend it with a hyphen, such as dev-full", () => {
  const names = (name: string) => suitesOf(name).map((suite) => suite.name);
  expect(names("dev")).toEqual(["dev-units", "dev-embedded", "dev-full"]);
  expect(names("processor")).toEqual(["processor-units", "processor"]);
  expect(names("engine")).toEqual([]);
});
