import { afterEach, expect, test } from "bun:test";
import { createRandom, type Random } from "../../tests/support/random.ts";
import { createScreenModel, type ScreenModel } from "./screen-model.ts";

const models: ScreenModel[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
});

function model(cols = 20, rows = 4, heldBytes?: number): ScreenModel {
  const created = createScreenModel({
    cols,
    rows,
    scrollback: 100,
    onParsed: () => undefined,
    ...(heldBytes && { heldBytes }),
  });
  models.push(created);
  return created;
}

/** Returns the snapshot of a terminal, after checking that a terminal drawn from it produces the same snapshot. */
async function expectRoundTrip(...outputs: (string | Uint8Array)[]): Promise<string> {
  const first = model();
  for (const output of outputs) first.write(Buffer.from(output));
  const snapshot = await first.snapshot();
  const second = model();
  second.write(snapshot);
  expect(Buffer.from(await second.snapshot()).toString()).toBe(Buffer.from(snapshot).toString());
  return Buffer.from(snapshot).toString();
}

test("colors, wide glyphs and scrollback survive a snapshot", async () => {
  const lines = Array.from({ length: 12 }, (_, i) => `line ${i}`).join("\r\n");
  const snapshot = await expectRoundTrip(`${lines}\r\n\x1b[31mred\x1b[0m 日本 😀`);
  expect(snapshot).toContain("line 2");
  expect(snapshot).toContain("日本");
});

test("a snapshot keeps the alternate screen, hidden cursor, mouse encoding, bracketed paste and title", async () => {
  const snapshot = await expectRoundTrip(
    "shell",
    "\x1b[?1049h\x1b[?25l\x1b[?1003h\x1b[?1006h\x1b[?2004h\x1b]2;jobs\x07full",
  );
  for (const part of ["\x1b[?1049h", "\x1b[?25l", "\x1b[?1006h", "\x1b[?2004h", "\x1b]2;jobs\x07"])
    expect(snapshot).toContain(part);
});

test("a glyph split between two writes stays one glyph", async () => {
  const glyph = Buffer.from("€");
  expect(await expectRoundTrip(glyph.subarray(0, 1), glyph.subarray(1))).toContain("€");
});

test("a terminal reset clears the modes and the title", async () => {
  expect(await expectRoundTrip("\x1b[?25l\x1b]2;old\x07\x1bcnew")).not.toMatch(/\?25l|old/);
});

const CHANGES = [
  "\x1b[2;3r",
  "\x1b[1;2r\x1b[4;1H",
  "\x1b[r",
  "\x1b[?7l",
  "\x1b[4h",
  "\x1b[4l",
  "\x1b]2;a title",
  "\x07",
  "\x1b(0",
  "\x1b(B",
  "\x0e\x0f",
  "\x1b7\x1b8",
  "\x1b[A\b",
  "\x1bM",
  "\u009b1;2H",
  "\x1b[?1049h",
  "\x1b[?1049l",
  "\x1bc",
];
const STYLES = ["", "\x1b[m", "\x1b[1m", "\x1b[4;31m", "\x1b[0;32m", "\x1b[48;5;2m"];

/**
 * Returns long lines followed by short ones, because a short line drawn over a long line would leave the end of the
 * long line visible.
 */
function run(random: Random): string {
  const lines = Array.from({ length: random.between(550, 800) }, (_, i) => {
    const words =
      i < 350 ? random.pick(["日本語", "é©", "\ttab", "x".repeat(50)]) : random.pick(["ls", "ps", ""]);
    return `${i % 250 === 20 ? random.pick(STYLES) : ""}${words}${i % 10}`;
  });
  return `${lines.join("\r\n")}\r\n`;
}

/**
 * Writes output in small pieces, so that the screen has an opportunity to drop lines, and returns the resulting
 * snapshot.
 */
async function screenAfter(screen: ScreenModel, output: readonly string[]): Promise<string> {
  for (const part of output.map((text) => Buffer.from(text)))
    for (let at = 0; at < part.length; at += 1_000) {
      screen.write(part.subarray(at, at + 1_000));
      // Lines are dropped only while the parser is idle.
      while (screen.pending > 0) await Bun.sleep(0);
    }
  return Buffer.from(await screen.snapshot()).toString();
}

test("a flood of output leaves the same screen whether its early lines are dropped or parsed", async () => {
  const random = createRandom(1);
  for (const first of ["", "\x1b[1;2r\x1b[4;1H", "\x1b[?1049h", "\x1b[?7l"])
    for (const second of CHANGES) {
      const output = [run(random), first, run(random), second, run(random)];
      const parsed = await screenAfter(model(20, 4, 1_000_000), output);
      expect({ first, second, screen: await screenAfter(model(20, 4, 3_000), output) }).toEqual({
        first,
        second,
        screen: parsed,
      });
    }
}, 30_000);

test("no line is dropped below a scroll region, where each line overwrites the previous one", async () => {
  const output = [
    "\x1b[1;2r\x1b[4;1H",
    "0123456789\r\n".repeat(400),
    "the longest\r\n",
    "short\r\n".repeat(2_000),
  ];
  expect(await screenAfter(model(20, 4, 3_000), output)).toContain("shortongest");
});

test("a flood of output costs little CPU time because it is not parsed", async () => {
  const flooded = model(80, 24);
  const line = Buffer.from("\x1b[32mok\x1b[0m a line of a build that no one reads\r\n".repeat(1_000));
  const before = process.cpuUsage();
  for (let i = 0; i < 1_000; i++) flooded.write(line);
  const { user } = process.cpuUsage(before);
  expect(flooded.pending).toBe(0);
  // Parsing these 50 MB would take seconds.
  expect(user / 1e3).toBeLessThan(1_000);
  expect(Buffer.from(await flooded.snapshot()).toString()).toContain("no one reads");
});

test("output without line breaks after a flood is passed to the parser instead of being held back", () => {
  const screen = model(20, 4, 2_000);
  screen.write(Buffer.from(Array.from({ length: 400 }, (_, i) => `line ${i}\r\n`).join("")));
  expect(screen.pending).toBe(0);
  for (let piece = 0; piece < 100; piece++) screen.write(Buffer.alloc(1_000, "x"));
  expect(screen.pending).toBeGreaterThan(90_000);
});
