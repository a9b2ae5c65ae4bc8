import { expect, test } from "bun:test";
import { versionRank } from "../../contracts/job-type.ts";
import sleep from "../../shared/job-types/sleep.ts";
import { createKnownTypes } from "./known-types.ts";

test("a processor runs jobs whose type version is at most its own, ignoring patch versions", () => {
  const known = createKnownTypes(new Map([["sleep", { ...sleep, version: "2.1.3" }]]));
  const runs = (version: string) => known.runs("sleep", versionRank(version));
  expect(["1.9.0", "2.0.0", "2.1.0", "2.1.9"].map(runs)).toEqual([true, true, true, true]);
  expect(["2.2.0", "3.0.0", "10.0.0"].map(runs)).toEqual([false, false, false]);
  expect(known.runs("sleep", null)).toBe(true);
  expect([known.runs("brew", null), known.runs("brew", 0)]).toEqual([false, false]);
});
