import { expect, test } from "bun:test";
import { decodeText } from "./message-text.ts";

const bytes = Buffer.from('{"a":"é"}');

test("UTF-8 is shown unchanged, including a byte order mark", () => {
  expect(decodeText(bytes, false)).toEqual({ text: '{"a":"é"}', exact: true });
  expect(decodeText(Buffer.from("\ufeffa"), false)).toEqual({ text: "\ufeffa", exact: true });
});

test("invalid UTF-8 is shown with replacement characters and marked as not exact", () => {
  expect(decodeText(Uint8Array.of(0x61, 0xff), false)).toEqual({ text: "a\ufffd", exact: false });
  expect(decodeText(bytes.subarray(0, 7), false)).toEqual({ text: '{"a":"\ufffd', exact: false });
});

test("if a message is cut in the middle of a character, that character is left out", () => {
  expect(decodeText(bytes.subarray(0, 7), true)).toEqual({ text: '{"a":"', exact: true });
});
