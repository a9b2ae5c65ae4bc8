import { expect, test } from "bun:test";
import { parseTarget } from "./target.ts";

const secret = "a".repeat(43);

test("a page URL, its WebSocket URL and a bare host name all lead to the same terminal", () => {
  for (const text of [
    "http://localhost:8081",
    "http://localhost:8081/#/jobs",
    "ws://localhost:8081/ws",
    "localhost:8081",
  ])
    expect(parseTarget(text)).toEqual({ url: "ws://localhost:8081/ws" });
  expect(parseTarget("https://observatory.example").url).toBe("wss://observatory.example/ws");
});

test("a watch link yields the terminal's URL and the link's secret", () => {
  expect(parseTarget(`http://localhost:8081/#/watch/${secret}`)).toEqual({
    url: "ws://localhost:8081/ws",
    watch: secret,
  });
});

test("another protocol or an incomplete watch link is refused with a reason", () => {
  expect(() => parseTarget("ftp://localhost")).toThrow("is not the URL of a page or terminal");
  expect(() => parseTarget("http://localhost:8081/#/watch/half")).toThrow("is incomplete");
});
