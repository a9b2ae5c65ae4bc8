import { expect, test } from "bun:test";
import jobType from "./sleep.ts";
import { tryOut } from "./try-out.ts";

test("sleeps for the requested time, and does nothing for 0", async () => {
  const { result, progress } = await tryOut(jobType, { ms: 20 });
  expect((result as { sleptMs: number }).sleptMs).toBeGreaterThanOrEqual(20);
  expect(progress.at(-1)).toBe(1);
  expect((await tryOut(jobType, {})).result).toEqual({ sleptMs: 0 });
});

test("wakes at once when cancelled", async () => {
  const reason = new Error("cancelled");
  const slept = tryOut(jobType, { ms: 3_600_000 }, { signal: AbortSignal.abort(reason) });
  await expect(slept).rejects.toBe(reason);
});
