import { expect, test } from "bun:test";
import { join } from "node:path";
import { SCREENS } from "../shared/keymap.ts";
import { keyPage } from "./export-keys.ts";
import { KEYMAP } from "./keys.ts";

test("docs/keys.md matches the keymap (bun tui/export-keys.ts rewrites it)", async () => {
  const page = await Bun.file(join(import.meta.dir, "../docs/keys.md")).text();
  expect(page).toBe(keyPage());
});

test("no key has two meanings on one screen, and keys reserved by browsers are unused", () => {
  for (const screen of SCREENS) {
    const keys = KEYMAP.filter(({ screens }) => !screens || screens.includes(screen)).flatMap(
      (binding) => binding.keys,
    );
    expect([screen, keys.filter((key, index) => keys.indexOf(key) !== index)]).toEqual([screen, []]);
  }
  const all = KEYMAP.flatMap(({ keys }) => keys);
  for (const kept of ["ctrl-w", "ctrl-t", "ctrl-n"]) expect(all).not.toContain(kept);
});
