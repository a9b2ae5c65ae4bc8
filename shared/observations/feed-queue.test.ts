import { describe, expect, test } from "bun:test";
import { sampleEvent } from "../../tests/support/sample-events.ts";
import { deltaOf } from "./counting.ts";
import { createFeedQueue, isAfter } from "./feed-queue.ts";

const delta = deltaOf(sampleEvent("job.created"));
const entry = (n: number, dropped = 0) => ({ id: `${n}-0`, deltas: [delta, delta], dropped });

describe("a follower's queue", () => {
  test("yields entries in order, and waits for new ones", async () => {
    const queue = createFeedQueue(new AbortController().signal);
    queue.push(entry(1));
    queue.push(entry(2));
    expect((await queue.next())?.id).toBe("1-0");
    expect((await queue.next())?.id).toBe("2-0");
    const next = queue.next();
    queue.push(entry(3));
    expect((await next)?.id).toBe("3-0");
  });

  test("drops the oldest entries of a follower that is more than 500 entries behind, and reports the lost deltas once", async () => {
    const queue = createFeedQueue(new AbortController().signal);
    for (let n = 1; n <= 510; n++) queue.push(entry(n, 1));
    expect(await queue.next()).toMatchObject({ id: "11-0", dropped: 10 * 3 + 1 });
    expect(await queue.next()).toMatchObject({ id: "12-0", dropped: 1 });
  });

  test("ends at once when its signal aborts, even while a reader waits", async () => {
    const abort = new AbortController();
    const queue = createFeedQueue(abort.signal);
    const next = queue.next();
    abort.abort();
    expect(await next).toBeUndefined();
    queue.push(entry(1));
    expect(await queue.next()).toBeUndefined();
  });

  test("has ended from the start if its signal is already aborted", async () => {
    expect(await createFeedQueue(AbortSignal.abort()).next()).toBeUndefined();
  });
});

test("ids are ordered as numbers, by time and then by sequence", () => {
  expect(isAfter("10-0", "9-5")).toBe(true);
  expect(isAfter("9-10", "9-9")).toBe(true);
  expect(isAfter("9-9", "9-9")).toBe(false);
  expect(isAfter("18446744073709551615-1", "18446744073709551615-0")).toBe(true);
});
