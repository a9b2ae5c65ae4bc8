import { expect, test } from "bun:test";
import { idRange } from "./id-prefix.ts";

test("a prefix's range contains exactly the ids that begin with it", () => {
  expect(idRange("0197A3C5-5b")).toEqual({
    first: "0197a3c5-5b00-0000-0000-000000000000",
    last: "0197a3c5-5bff-ffff-ffff-ffffffffffff",
  });
});

test.each(["abc", "hash", "0197 a3c5", "", "0".repeat(33)])(
  "%p is not accepted as the prefix of an id",
  (text) => {
    expect(idRange(text)).toBeUndefined();
  },
);
