import { expect, test } from "bun:test";
import { storableJson } from "./storable-json.ts";

const through = (value: unknown) => JSON.parse(storableJson(JSON.stringify(value)));

test("U+0000 and lone surrogates become U+FFFD, in keys and values", () => {
  expect(through({ "a\u0000": ["x\u0000y", "\ud800z", { k: "\udfff" }] })).toEqual({
    "a\ufffd": ["x\ufffdy", "\ufffdz", { k: "\ufffd" }],
  });
});

test("surrogate pairs, and text that only looks like an escape, stay unchanged", () => {
  const value = { a: "😀", b: "\\u0000 is written out", c: null, d: 1.5 };
  expect(through(value)).toEqual(value);
});
