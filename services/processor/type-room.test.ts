import { expect, test } from "bun:test";
import { createTypeRoom } from "./type-room.ts";

const roomOf = () =>
  createTypeRoom(
    new Map([
      ["hash", { maxRunning: 2 }],
      ["sleep", {}],
    ]),
  );

test("a limited type has so many places and no more, an unlimited one always another", () => {
  const room = roomOf();
  expect([room.take("hash"), room.take("hash"), room.take("hash")]).toEqual([true, true, false]);
  expect(Array.from({ length: 100 }, () => room.take("sleep"))).not.toContain(false);
  expect([room.release("hash"), room.release("sleep")]).toEqual([true, false]);
  expect([room.take("hash"), room.take("hash")]).toEqual([true, false]);
});

test("a claim takes all free places and returns those that it found no job for", () => {
  const room = roomOf();
  room.take("hash");
  const taken = room.takeAll();
  expect(taken).toEqual({ hash: 1 });
  expect(room.take("hash")).toBe(false);
  room.releaseUnused(taken, ["sleep", "sleep"]);
  expect(room.take("hash")).toBe(true);
  room.releaseUnused(taken, ["hash"]);
  expect(room.take("hash")).toBe(false);
});
