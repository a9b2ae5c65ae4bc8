import { expect, test } from "bun:test";
import { fingerprintOf } from "./fingerprint.ts";

test("a fingerprint ignores the order of keys, but depends on the order of items and on every value", () => {
  const of = fingerprintOf({ type: "hash", payload: { a: 1, b: [1, { c: null, d: "x" }] } });
  expect(fingerprintOf({ payload: { b: [1, { d: "x", c: null }], a: 1 }, type: "hash" })).toBe(of);
  expect(fingerprintOf({ type: "hash", payload: { a: 1, b: [{ c: null, d: "x" }, 1] } })).not.toBe(of);
  expect(fingerprintOf({ type: "hash", payload: { a: "1", b: [1, { c: null, d: "x" }] } })).not.toBe(of);
});

test("a missing field and an undefined field yield the same fingerprint", () => {
  expect(fingerprintOf({ type: "hash", runAt: undefined })).toBe(fingerprintOf({ type: "hash" }));
});
