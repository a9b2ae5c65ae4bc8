import { afterEach, expect, test } from "bun:test";
import { createScreenModel, type ScreenModel } from "./screen-model.ts";

const models: ScreenModel[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
});

function model(cols = 20, rows = 4): ScreenModel {
  const created = createScreenModel({ cols, rows, scrollback: 100, onParsed: () => undefined });
  models.push(created);
  return created;
}

/** What a second terminal shows after the snapshot of the first must be what the first shows: the same snapshot. */
async function expectRoundTrip(...outputs: (string | Uint8Array)[]): Promise<string> {
  const first = model();
  for (const output of outputs) first.write(Buffer.from(output));
  const snapshot = await first.snapshot();
  const second = model();
  second.write(snapshot);
  expect(Buffer.from(await second.snapshot()).toString()).toBe(Buffer.from(snapshot).toString());
  return Buffer.from(snapshot).toString();
}

test("colours, wide glyphs and scrollback survive a snapshot", async () => {
  const lines = Array.from({ length: 12 }, (_, i) => `line ${i}`).join("\r\n");
  const snapshot = await expectRoundTrip(`${lines}\r\n\x1b[31mred\x1b[0m 日本 😀`);
  expect(snapshot).toContain("line 2");
  expect(snapshot).toContain("日本");
});

test("the alternate screen, a hidden cursor, mouse encoding, bracketed paste and the title survive", async () => {
  const snapshot = await expectRoundTrip(
    "shell",
    "\x1b[?1049h\x1b[?25l\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b]2;jobs\x07full",
  );
  for (const part of ["\x1b[?1049h", "\x1b[?25l", "\x1b[?1006h", "\x1b[?2004h", "\x1b]2;jobs\x07"])
    expect(snapshot).toContain(part);
});

test("a glyph that is split between two writes is one glyph", async () => {
  const glyph = Buffer.from("€");
  expect(await expectRoundTrip(glyph.subarray(0, 1), glyph.subarray(1))).toContain("€");
});

test("a reset forgets the modes", async () => {
  expect(await expectRoundTrip("\x1b[?25l\x1b]2;old\x07\x1bcnew")).not.toMatch(/\?25l|old/);
});
