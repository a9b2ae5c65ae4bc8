import { expect, test } from "bun:test";
import { cleanLines, safeJson } from "./clean-text.ts";

const hostile = "a\x1b]0;pwned\x07b\x9b31mc\u202edc\r\nnext\tcol\x00\x7f";

test("several lines keep their breaks and lose what moves the cursor", () => {
  expect(cleanLines("one\x1b[2J\r\ntwo\rthree\n\nfive")).toBe("one\ntwo\nthree\n\nfive");
  expect(cleanLines(hostile)).toBe("abcdc\nnext col");
});

test("JSON contains no such character, and parses to the same value", () => {
  for (const indent of [undefined, 2]) {
    const text = safeJson({ hostile, list: ["\u2028"] }, indent);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
    expect(JSON.parse(text)).toEqual({ hostile, list: ["\u2028"] });
  }
});
