import { expect, test } from "bun:test";
import { createOutputLog } from "./output-log.ts";

const bytes = (text: string) => Buffer.from(text);
const text = (part: Uint8Array) => Buffer.from(part).toString();

test("reading works from any offset in the log, across chunks, and returns at most the requested number of bytes", () => {
  const log = createOutputLog({ maxBytes: 100, maxChunks: 10 });
  for (const part of ["abc", "", "defg", "h"]) log.append(bytes(part));
  expect([log.start, log.end]).toEqual([0, 8]);
  for (let offset = 0; offset <= 8; offset++) {
    expect(text(log.read(offset, 100))).toBe("abcdefgh".slice(offset));
    expect(text(log.read(offset, 3))).toBe("abcdefgh".slice(offset, offset + 3));
  }
});

test("the oldest chunks beyond the byte or chunk limit are dropped and can no longer be read", () => {
  const byBytes = createOutputLog({ maxBytes: 6, maxChunks: 100 });
  for (const part of ["abc", "def", "gh"]) byBytes.append(bytes(part));
  expect([byBytes.start, byBytes.end]).toEqual([3, 8]);
  expect(text(byBytes.read(3, 100))).toBe("defgh");
  expect(() => byBytes.read(2, 1)).toThrow(RangeError);
  expect(() => byBytes.read(9, 1)).toThrow(RangeError);

  const byChunks = createOutputLog({ maxBytes: 1_000_000, maxChunks: 3 });
  for (let i = 0; i < 5_000; i++) byChunks.append(bytes(String(i % 10)));
  expect([byChunks.start, byChunks.end]).toEqual([4_997, 5_000]);
  expect(text(byChunks.read(4_997, 9))).toBe("789");
});

test("a chunk larger than the log is dropped, but the offsets advance", () => {
  const log = createOutputLog({ maxBytes: 4, maxChunks: 10 });
  log.append(bytes("abcdefgh"));
  expect([log.start, log.end]).toEqual([8, 8]);
  expect(log.read(8, 10)).toHaveLength(0);
});
