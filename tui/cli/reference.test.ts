import { expect, test } from "bun:test";
import { currentReference, REFERENCE_FILE } from "./export-reference.ts";

test("docs/command-line.md is up to date; bun run docs:command-line updates it", async () => {
  expect(await Bun.file(REFERENCE_FILE).text()).toBe(currentReference());
});
