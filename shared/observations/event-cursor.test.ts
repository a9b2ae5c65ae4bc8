import { expect, test } from "bun:test";
import { decodeCursor, encodeCursor } from "./event-cursor.ts";

const jobId = crypto.randomUUID();
const eventId = crypto.randomUUID();
const ofJob = { jobId, limit: 10 };
const ofAll = { limit: 10 };

test("a cursor decodes to the position that was encoded", () => {
  for (const [query, at] of [
    [ofJob, 0],
    [ofJob, 4_711],
    [ofAll, Date.now()],
    [ofAll, -1],
  ] as const) {
    const cursor = encodeCursor(query, { at, eventId });
    expect(cursor).toMatch(/^[\w-]+$/);
    expect(decodeCursor({ ...query, cursor })).toEqual({ at, eventId });
  }
  expect(decodeCursor(ofAll)).toBeUndefined();
});

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
test.each([
  ["", "empty"],
  ["%%%", "invalid characters"],
  ["bm8ganNvbg", "not JSON"],
  ["a".repeat(201), "too long"],
  [encoded(null), "null"],
  [encoded({ kind: "all" }), "an object"],
  [encoded(["all", 1.5, eventId]), "half a millisecond"],
  [encoded(["all", "1", eventId]), "a time that is text"],
  [encoded(["all", 1, "x"]), "an invalid id"],
  [encoded(["all", 1, { $gt: "" }]), "an id that is a query object"],
  [encoded(["all", 1]), "no id"],
  [encodeCursor(ofJob, { at: 1, eventId }), "issued for another kind of query"],
])("the cursor %p is refused: %s", (cursor) => {
  expect(() => decodeCursor({ ...ofAll, cursor })).toThrow(
    expect.objectContaining({ code: "INVALID_CURSOR" }),
  );
});
