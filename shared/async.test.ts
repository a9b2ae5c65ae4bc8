import { describe, expect, test } from "bun:test";
import { fullJitter, orAbort, pause, untilItSucceeds } from "./async.ts";

describe("waiting", () => {
  test("a pause ends when its signal aborts", async () => {
    const stop = new AbortController();
    const waiting = pause(60_000, stop.signal);
    stop.abort();
    await waiting;
  });

  test("full jitter yields delays between 0 and the capped exponential delay", () => {
    expect(fullJitter(3, 100, 10_000, () => 1)).toBe(800);
    expect(fullJitter(30, 100, 10_000, () => 1)).toBe(10_000);
    expect(fullJitter(3, 100, 10_000, () => 0)).toBe(0);
  });

  test("orAbort rejects with the signal's reason", async () => {
    const stop = new AbortController();
    const waiting = orAbort(new Promise(() => undefined), stop.signal);
    stop.abort(new Error("deadline"));
    await expect(waiting).rejects.toThrow("deadline");
  });

  test("untilItSucceeds retries until it succeeds, and gives up when aborted", async () => {
    let n = 0;
    const flaky = async () => {
      if (++n < 3) throw new Error("not yet");
      return n;
    };
    const stop = new AbortController();
    expect(await untilItSucceeds(flaky, { signal: stop.signal, baseMs: 1 })).toBe(3);
    const never = untilItSucceeds(() => Promise.reject(new Error("down")), {
      signal: stop.signal,
      baseMs: 1,
      onError: () => stop.abort(),
    });
    await expect(never).rejects.toThrow("down");
  });
});
