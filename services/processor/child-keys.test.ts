import { expect, test } from "bun:test";
import { createChildKeys } from "./child-keys.ts";

const child = (ms: number, key?: string) => ({ type: "sleep", payload: { ms }, ...(key && { key }) });
const keysOf = (...children: ReturnType<typeof child>[]) => children.map(createChildKeys());

test("children keep their idempotency keys if they are submitted in another order", () => {
  const first = keysOf(child(1), child(2), child(1), child(3));
  expect(new Set(first).size).toBe(4);
  expect(keysOf(child(3), child(1), child(1), child(2)).sort()).toEqual([...first].sort());
});

test("children keep their idempotency keys if they are submitted in several batches", () => {
  const keys = createChildKeys();
  const portions = [[child(1), child(2)], [child(1)]].flatMap((portion) => portion.map(keys));
  expect(portions).toEqual(keysOf(child(1), child(2), child(1)));
});

test("a key set by the handler identifies a child whatever its payload, and may be used for only one child", () => {
  expect(keysOf(child(1, "a"))).toEqual(keysOf(child(2, "a")));
  expect(() => keysOf(child(1, "a"), child(2, "a"))).toThrow('Two children have the key "a"');
});
