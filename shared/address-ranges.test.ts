import { expect, test } from "bun:test";
import { parseAddressRanges } from "./address-ranges.ts";

test("only addresses inside the listed ranges are allowed", () => {
  const list = parseAddressRanges("HTTP_CHECK_ALLOW", "127.0.0.0/8, ::1, 10.1.2.3");
  expect(list.check("127.9.9.9", "ipv4")).toBe(true);
  expect(list.check("::1", "ipv6")).toBe(true);
  expect(list.check("10.1.2.3", "ipv4")).toBe(true);
  expect(list.check("10.1.2.4", "ipv4")).toBe(false);
  expect(list.check("169.254.169.254", "ipv4")).toBe(false);
  expect(list.check("::2", "ipv6")).toBe(false);
});

test("an empty list allows nothing", () => {
  expect(parseAddressRanges("HTTP_CHECK_ALLOW", "").check("127.0.0.1", "ipv4")).toBe(false);
});

test.each(["localhost", "127.0.0.1/33", "127.0.0.1/x", "1.2.3", "10.0.0.0/"])(
  "an error quotes the faulty range %s",
  (text) => {
    expect(() => parseAddressRanges("HTTP_CHECK_ALLOW", text)).toThrow(JSON.stringify(text));
  },
);
