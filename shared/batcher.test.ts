import { describe, expect, test } from "bun:test";
import { createBatcher } from "./batcher.ts";
import type { AppError } from "./errors.ts";

describe("batcher", () => {
  test("items that arrive while a batch is running form the next batch", async () => {
    const sizes: number[] = [];
    const gate = Promise.withResolvers<void>();
    const batcher = createBatcher<number, number>({
      run: async (items) => {
        sizes.push(items.length);
        if (sizes.length === 1) await gate.promise;
        return items.map((n) => n * 2);
      },
      maxBatch: 3,
      maxInFlight: 1,
      maxItems: 100,
    });
    const first = batcher.add(1);
    await new Promise(setImmediate);
    const rest = [2, 3, 4, 5, 6].map((n) => batcher.add(n));
    gate.resolve();
    expect(await Promise.all([first, ...rest])).toEqual([2, 4, 6, 8, 10, 12]);
    expect(sizes).toEqual([1, 3, 2]);
    await batcher.idle();
    expect(batcher.size).toBe(0);
  });

  test("a full batcher refuses with OVERLOADED and loses nothing it has accepted", async () => {
    const gate = Promise.withResolvers<void>();
    const batcher = createBatcher<number, number>({
      run: async (items) => {
        await gate.promise;
        return items;
      },
      maxBatch: 10,
      maxInFlight: 1,
      maxItems: 2,
    });
    const taken = [batcher.add(1), batcher.add(2)];
    const refused = await batcher.add(3).catch((error: AppError) => error.code);
    expect(refused).toBe("OVERLOADED");
    gate.resolve();
    expect(await Promise.all(taken)).toEqual([1, 2]);
  });

  test("all items of a batch receive its error, and the next batch still runs", async () => {
    let calls = 0;
    const batcher = createBatcher<number, number>({
      run: async (items) => {
        if (++calls === 1) throw new Error("first batch");
        return items;
      },
      maxBatch: 10,
      maxInFlight: 1,
      maxItems: 10,
    });
    const outcomes = await Promise.allSettled([batcher.add(1), batcher.add(2)]);
    expect(outcomes.map((o) => o.status)).toEqual(["rejected", "rejected"]);
    expect(await batcher.add(3)).toBe(3);
  });
});
