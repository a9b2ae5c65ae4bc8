import { expect, test } from "bun:test";
import jobType from "./flaky.ts";
import { tryOut } from "./try-out.ts";

test("fails its first tries and then succeeds", async () => {
  const attempt = (tryNumber: number) => tryOut(jobType, { failFirst: 2 }, { tryNumber });
  for (const tryNumber of [1, 2]) await expect(attempt(tryNumber)).rejects.toMatchObject({ code: "FLAKY" });
  expect((await attempt(3)).result).toEqual({ tries: 3 });
});

test("always fails with probability 1 and never with probability 0", async () => {
  for (let n = 0; n < 50; n++) {
    await expect(tryOut(jobType, { probability: 1 })).rejects.toMatchObject({ code: "FLAKY" });
    expect((await tryOut(jobType, { probability: 0 })).result).toEqual({ tries: 1 });
  }
});
