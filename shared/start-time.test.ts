import { expect, test } from "bun:test";
import { startTimeOf } from "./start-time.ts";

test("a start time is relative, in RFC 3339 or empty, and anything else is refused", () => {
  const now = Date.parse("2027-01-31T09:00:00Z");
  expect(startTimeOf("", now)).toBeUndefined();
  expect(startTimeOf("+5m", now)).toBe("2027-01-31T09:05:00.000Z");
  expect(startTimeOf("2027-01-31T09:00:00Z", now)).toBe("2027-01-31T09:00:00Z");
  for (const text of ["5m", "+5x", "tomorrow", "2027-13-01T09:00:00Z"])
    expect(startTimeOf(text, now)).toBeNull();
});
