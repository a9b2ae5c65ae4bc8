import { expect, test } from "bun:test";
import { cut, fit, sanitize, widthOf, wrap } from "./text.ts";

test("sanitizing removes escape sequences, control characters and direction marks", () => {
  expect(sanitize("\x1b[31mred\x1b[0m \x1b]52;c;aGk=\x07clip\x9b2J")).toBe("red clip");
  expect(sanitize("\x1bPq…\x1b\\after \x1b]0;title\x1b\\end")).toBe("after end");
  expect(sanitize("a\tb\r\nc\u2028d\u0007e\u202egnp.exe")).toBe("a b c degnp.exe");
  expect(sanitize("unfinished \x1b]52;c;")).toBe("unfinished ");
});

test("sanitizing reduces a grapheme to the single code point that a cell can hold", () => {
  expect(sanitize("e\u0301 👩‍👩‍👧 日本")).toBe("é 👩 日本");
  expect(widthOf(sanitize("👩‍👩‍👧日本é"))).toBe(7);
});

test("truncation counts cells, not characters", () => {
  expect(cut("日本語テスト", 7)).toBe("日本語…");
  expect(cut("日本語テスト", 6)).toBe("日本…");
  expect(cut("plain", 5)).toBe("plain");
  expect(cut("plain", 0)).toBe("");
  expect(fit("日本", 6)).toBe("日本  ");
  expect(fit("42", 6, "right")).toBe("    42");
});

test("wrapping breaks at spaces and splits words longer than a line", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrap("abcdefghij k", 4)).toEqual(["abcd", "efgh", "ij k"]);
  expect(wrap("a\n\nb", 4)).toEqual(["a", "", "b"]);
});
