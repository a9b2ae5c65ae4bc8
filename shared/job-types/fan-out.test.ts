import { expect, test } from "bun:test";
import jobType from "./fan-out.ts";
import { tryOut } from "./try-out.ts";

test("a fan-out submits the requested number of children, each of which sleeps for the requested time", async () => {
  const { children, result } = await tryOut(jobType, { count: 3, childMs: 20 });
  expect(children).toEqual(Array.from({ length: 3 }, () => ({ type: "sleep", payload: { ms: 20 } })));
  expect(result).toMatchObject({ children: 3, firstChildId: expect.any(String) });
});
