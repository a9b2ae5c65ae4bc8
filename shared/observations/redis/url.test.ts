import { expect, test } from "bun:test";
import { parseRedisUrl } from "./url.ts";

test("a number in the path is the database, and a name is the prefix", () => {
  expect(parseRedisUrl("redis://127.0.0.1:7000")).toEqual({
    connect: { host: "127.0.0.1", port: 7000, db: 0 },
    prefix: "observatory:",
  });
  expect(parseRedisUrl("redis://h/2").connect.db).toBe(2);
  expect(parseRedisUrl("redis://h/blue").prefix).toBe("blue:");
  expect(parseRedisUrl("redis://h/2/blue")).toMatchObject({ connect: { db: 2 }, prefix: "blue:" });
});

test("user, password and TLS are kept", () => {
  expect(parseRedisUrl("rediss://me:p%40ss@[::1]:1/0").connect).toEqual({
    host: "::1",
    port: 1,
    db: 0,
    username: "me",
    password: "p@ss",
    tls: {},
  });
});

test("any other path is refused", () => {
  expect(() => parseRedisUrl("redis://h/1/a/b")).toThrow(TypeError);
  expect(() => parseRedisUrl("redis://h/a%20b")).toThrow(TypeError);
});
