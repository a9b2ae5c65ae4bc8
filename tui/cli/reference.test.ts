import { expect, test } from "bun:test";
import { currentReference, REFERENCE_FILE } from "./export-reference.ts";

test("docs/command-line.md matches the program; bun run docs:command-line writes it", async () => {
  expect(await Bun.file(REFERENCE_FILE).text()).toBe(currentReference());
});
