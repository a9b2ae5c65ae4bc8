import { expect, test } from "bun:test";
import { createEventParser } from "./event-parser.ts";

test("chunk boundaries do not affect the parsed events", () => {
  const text =
    "retry: 1500\n\nid: 1\ndata: one\n\n: alive\r\n\r\nid:2\r\ndata: a\r\ndata:b\r\n\r\nid: 3\n\nevent: x\ndata\r\r";
  const expected = [
    { id: "1", data: "one" },
    { id: "2", data: "a\nb" },
    { id: "3", data: undefined },
    { id: undefined, data: "" },
  ];
  for (let size = 1; size <= text.length; size++) {
    const retries: number[] = [];
    const parser = createEventParser((ms) => retries.push(ms));
    const chunks = text.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? [];
    // A CR at the very end might be half of a CRLF, so the last event is complete only with the next chunk.
    expect([...chunks, ":\n"].flatMap((chunk) => parser.push(chunk))).toEqual(expected);
    expect(retries).toEqual([1_500]);
  }
});

test("an id with a NUL and a retry that is not a number are ignored", () => {
  const retries: number[] = [];
  const parser = createEventParser((ms) => retries.push(ms));
  expect(parser.push("id: a\0b\nretry: soon\ndata: x\n\n")).toEqual([{ id: undefined, data: "x" }]);
  expect(retries).toEqual([]);
});

test("an event that never ends is refused, whether it is one line or many", () => {
  const mebi = "x".repeat(1_048_576);
  for (const chunk of [mebi, `data: ${mebi}\n`]) {
    const parser = createEventParser();
    expect(() => {
      for (let n = 0; n < 10; n++) parser.push(chunk);
    }).toThrow("longer than");
  }
});
