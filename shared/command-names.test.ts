import { expect, test } from "bun:test";
import { matchNames } from "./command-names.ts";

const named = (...names: string[]) => names.map((name) => ({ name }));
const found = (text: string) =>
  matchNames(named("queues", "quit", "new job", "jobs"), text).map(({ name }) => name);

test("a text matches the names that contain its letters in order, closest match first", () => {
  expect(found("")).toEqual(["queues", "quit", "new job", "jobs"]);
  expect(found("qu")).toEqual(["queues", "quit"]);
  expect(found("qt")).toEqual(["quit"]);
  expect(found("job")).toEqual(["jobs", "new job"]);
  expect(found("boj")).toEqual([]);
});
