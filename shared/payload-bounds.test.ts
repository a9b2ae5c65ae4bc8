import { expect, test } from "bun:test";
import type { AppError } from "./errors.ts";
import { checkPayloadBounds, isTooDeep } from "./payload-bounds.ts";

function codeOf(value: Record<string, unknown>): string | undefined {
  try {
    checkPayloadBounds(value, 65_536, "/payload");
    return undefined;
  } catch (error) {
    return (error as AppError).code;
  }
}

const nested = (levels: number): Record<string, unknown> => (levels === 1 ? {} : { a: nested(levels - 1) });

test("a payload at the limits passes", () => {
  expect(codeOf(nested(16))).toBeUndefined();
  expect(codeOf({ text: "x".repeat(32_768) })).toBeUndefined();
  expect(codeOf({ a: "😀", b: [1, null, true] })).toBeUndefined();
});

test("a payload just beyond a limit is refused with that limit's code", () => {
  expect(codeOf(nested(17))).toBe("PAYLOAD_TOO_DEEP");
  expect(codeOf({ text: "x".repeat(32_769) })).toBe("VALIDATION_FAILED");
  expect(codeOf({ a: "x".repeat(32_000), b: "x".repeat(32_000), c: "x".repeat(2_000) })).toBe(
    "PAYLOAD_TOO_LARGE",
  );
  expect(codeOf({ numbers: Array(300).fill(1e308) })).toBe("PAYLOAD_TOO_LARGE");
  expect(codeOf({ text: "a\u0000b" })).toBe("VALIDATION_FAILED");
  expect(codeOf({ "\ud800": 1 })).toBe("VALIDATION_FAILED");
});

test("a payload with 16 levels is accepted; one with 17 levels, or one that contains itself, is too deep", () => {
  expect(isTooDeep(nested(16))).toBe(false);
  expect(isTooDeep(nested(17))).toBe(true);
  expect(isTooDeep([[[["text", 1, null, undefined]]]])).toBe(false);
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  expect(isTooDeep(ring)).toBe(true);
});
