import { expect, test } from "bun:test";
import { childJobId, createdEventId, eventIdAt, jobIdOfKey, newJobId } from "./ids.ts";

const JOB = "0192f3a1-5c1e-7a2b-8c3d-4e5f60718293";

test("derived ids never change, because stored rows and other services already hold them", () => {
  expect(jobIdOfKey("order-4711")).toBe("40b2d10d-249b-52a3-996c-1305d18a2d74");
  expect(childJobId(JOB, 1, "0")).toBe("019297a7-7055-5441-9436-2b36e5f19768");
  expect(createdEventId(JOB, "none")).toBe("1bc0a67f-2f43-55f0-baa4-277ad82b5e62");
  expect(eventIdAt(JOB, 3)).toBe("7dc938dc-4794-58a9-a487-e3f9cebb2d99");
});

test("derived ids are version 5 UUIDs, and new ids are version 7 UUIDs", () => {
  const shape = (version: number) =>
    new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);
  const derived = [jobIdOfKey("k"), childJobId(JOB, 1, "0"), createdEventId(JOB, "none"), eventIdAt(JOB, 1)];
  for (const id of derived) expect(id).toMatch(shape(5));
  expect(newJobId()).toMatch(shape(7));
});

test("new job ids are unique and sort by creation time", () => {
  const ids = Array.from({ length: 2_000 }, newJobId);
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(ids.length);
});

test("a different run, key, body or sequence number yields a different id", () => {
  const ids = [
    childJobId(JOB, 1, "0"),
    childJobId(JOB, 1, "1"),
    childJobId(JOB, 2, "0"),
    childJobId(JOB, 1, "10"),
    childJobId(JOB, 11, "0"),
    createdEventId(JOB, "none"),
    createdEventId(JOB, "a"),
    eventIdAt(JOB, 0),
    eventIdAt(JOB, 1),
    jobIdOfKey("a"),
    jobIdOfKey("A"),
    jobIdOfKey("a "),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});
