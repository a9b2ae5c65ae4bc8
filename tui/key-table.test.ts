import { expect, test } from "bun:test";
import { join } from "node:path";
import { keyPage } from "./key-table.ts";
import { KEYMAP } from "./keys.ts";
import { SCREENS } from "./model.ts";

/** Without the padding of its tables, which the formatter adds. */
const unpadded = (text: string) => text.replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---");

test("docs/keys.md is what the keymap says; bun tui/key-table.ts writes it", async () => {
  const page = await Bun.file(join(import.meta.dir, "../docs/keys.md")).text();
  expect(unpadded(page)).toBe(unpadded(keyPage()));
});

test("no key means two things on one screen, and browsers keep theirs", () => {
  for (const screen of SCREENS) {
    const keys = KEYMAP.filter(({ screens }) => !screens || screens.includes(screen)).flatMap(
      (binding) => binding.keys,
    );
    expect([screen, keys.filter((key, index) => keys.indexOf(key) !== index)]).toEqual([screen, []]);
  }
  const all = KEYMAP.flatMap(({ keys }) => keys);
  for (const kept of ["ctrl-w", "ctrl-t", "ctrl-n"]) expect(all).not.toContain(kept);
});
