import { expect, test } from "bun:test";
import { cleanLines, safeJson } from "./clean-text.ts";

const hostile = "a\x1b]0;pwned\x07b\x9b31mc\u202edc\r\nnext\tcol\x00\x7f";

test("cleaned text keeps its line breaks and loses characters that move the cursor", () => {
  expect(cleanLines("one\x1b[2J\r\ntwo\rthree\n\nfive")).toBe("one\ntwo\nthree\n\nfive");
  expect(cleanLines(hostile)).toBe("abcdc\nnext col");
});

test("safe JSON contains no unsafe characters and parses to the same value", () => {
  for (const indent of [undefined, 2]) {
    const text = safeJson({ hostile, list: ["\u2028"] }, indent);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters must be absent
    expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
    expect(JSON.parse(text)).toEqual({ hostile, list: ["\u2028"] });
  }
});
