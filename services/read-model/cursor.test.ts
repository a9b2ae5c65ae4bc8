import { expect, test } from "bun:test";
import { decodeCursor, encodeCursor, pageOf } from "./cursor.ts";

const id = "0197a3c5-5b7e-7000-8000-00000000000a";

test("decoding a cursor restores its position to the microsecond", () => {
  const position = { micros: "1790000000123456", id };
  expect(decodeCursor(encodeCursor(position))).toEqual(position);
});

test.each([
  ["empty text", ""],
  ["other text", "abc"],
  ["an id alone", Buffer.from(id).toString("base64url")],
  ["a time without digits", Buffer.from(`~${id}`).toString("base64url")],
  ["a time too large for the store", Buffer.from(`99999999999999999~${id}`).toString("base64url")],
  ["a padded cursor", `${encodeCursor({ micros: "1", id })}=`],
  ["a cursor with text appended", `${encodeCursor({ micros: "1", id })}AA`],
])("%s is not accepted as a cursor", (_, cursor) => {
  expect(() => decodeCursor(cursor)).toThrow(expect.objectContaining({ code: "INVALID_CURSOR" }));
});

test("a page has a next cursor only when more rows follow", () => {
  const rows = [1, 2, 3].map((n) => ({ micros: String(n), id }));
  const show = (row: { micros: string }) => row.micros;
  expect(pageOf(rows, 3, show)).toEqual({ items: ["1", "2", "3"], nextCursor: null });
  expect(pageOf(rows, 2, show)).toEqual({
    items: ["1", "2"],
    nextCursor: encodeCursor({ micros: "2", id }),
  });
  expect(pageOf([], 2, show)).toEqual({ items: [], nextCursor: null });
});
