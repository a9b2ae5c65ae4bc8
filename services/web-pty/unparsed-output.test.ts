import { expect, test } from "bun:test";
import { createUnparsedOutput } from "./unparsed-output.ts";

/** Returns the output left after dropping all but its last three lines, or "parsed" when no line was dropped. */
function left(...pieces: (string | Uint8Array)[]): string {
  const output = createUnparsedOutput();
  for (const piece of pieces) output.push(Buffer.from(piece));
  return output.dropAllBut(3) ? Buffer.from(output.take()).toString() : "parsed";
}
const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}\r\n`).join("");
const last = "\r\nline 7\r\nline 8\r\nline 9\r\n";

test("text, tabs, bells and wide glyphs above the last lines are dropped", () => {
  expect(left(lines(10))).toBe(last);
  expect(left("a\tb\x07 日本 © é\r\n", lines(10), "half a line")).toBe(`${last}half a line`);
});

test("colors still in effect are kept, and colors turned off are not", () => {
  expect(left("\x1b[31mred\x1b[0m \x1b[1;38;5;9mbold\r\n", lines(10))).toBe(`\x1b[0m\x1b[1;38;5;9m${last}`);
  expect(left("\x1b[4mline\r\n", lines(10), "\x1b[0m")).toBe(`\x1b[4m${last}\x1b[0m`);
  expect(left("\x1b[;7mone\r\n\x1b[mtwo\r\n", lines(10))).toBe(`\x1b[m${last}`);
});

for (const [what, ...pieces] of [
  ["too few lines", lines(3)],
  ["lines that end without a carriage return", lines(10).replaceAll("\r", "")],
  ["a cursor movement", "\x1b[3A\r\n", lines(10)],
  ["a mode change", "\x1b[?25l\r\n", lines(10)],
  ["a title", "\x1b]2;title\x1b\\\r\n", lines(10)],
  ["an unterminated title", "\x1b]2;title\r\n", lines(10)],
  ["a C1 control character", "\u009b3A\r\n", lines(10)],
  ["a keyboard protocol sequence that resembles a color", "\x1b[>4;1m\r\n", lines(10)],
  ["a backspace", "\b\r\n", lines(10)],
  ["a character set switch", "\x0e\r\n", lines(10)],
  ["more colors than can be kept", "\x1b[1m".repeat(2_000), "\r\n", lines(10)],
] as const)
  test(`nothing is dropped from output with ${what}`, () => {
    expect(left(...pieces)).toBe("parsed");
  });

test("lines before a cursor movement are dropped, and lines after it are not", () => {
  expect(left(lines(10), "\x1b[H", lines(2))).toBe(`${last}\x1b[H${lines(2)}`);
});

test("a cursor movement that follows dropped lines is recognized at the next drop", () => {
  const output = createUnparsedOutput();
  output.push(Buffer.from(lines(10)));
  expect(output.dropAllBut(3)).toBe(true);
  output.push(Buffer.from("\x1b[H"));
  output.push(Buffer.from(lines(10)));
  expect(output.dropAllBut(3)).toBe(false);
  expect(Buffer.from(output.take()).toString()).toBe(`${last}\x1b[H${lines(10)}`);
});

test("the rest of a sequence whose beginning was already parsed is not treated as text", () => {
  const output = createUnparsedOutput();
  output.push(Buffer.from("\x1b]2;title"));
  output.take();
  output.push(Buffer.from(lines(10)));
  expect(output.dropAllBut(3)).toBe(false);
  output.push(Buffer.from("\x1b\\"));
  output.take();
  output.push(Buffer.from(lines(10)));
  expect(output.dropAllBut(3)).toBe(true);
});
