import { expect, test } from "bun:test";
import { createReadGate } from "./read-gate.ts";

function openReads(gate: ReturnType<typeof createReadGate>) {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const read = (n: number) =>
    gate.run(async () => {
      started.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
      return n;
    });
  return { started, ends, read };
}

test("a limited number of reads run concurrently, and the others follow in order", async () => {
  const { started, ends, read } = openReads(createReadGate({ atATime: 2, maxWaiting: 10, waitMs: 5_000 }));
  const reads = [1, 2, 3, 4].map(read);
  await Bun.sleep(0);
  expect(started).toEqual([1, 2]);
  ends[0]?.();
  expect(await reads[0]).toBe(1);
  await Bun.sleep(0);
  expect(started).toEqual([1, 2, 3]);
  ends[1]?.();
  ends[2]?.();
  await Promise.all([reads[1], reads[2]]);
  ends[3]?.();
  expect(await reads[3]).toBe(4);
  expect(started).toEqual([1, 2, 3, 4]);
});

test("a read that finds the queue full, or waits for too long, is refused without running", async () => {
  const { started, ends, read } = openReads(createReadGate({ atATime: 1, maxWaiting: 1, waitMs: 20 }));
  const first = read(1);
  const patient = read(2);
  await expect(read(3)).rejects.toThrow("too many reads are waiting: 1");
  await expect(patient).rejects.toThrow("waited 20 ms");
  ends[0]?.();
  await first;
  const last = read(4);
  await Bun.sleep(0);
  ends[1]?.();
  expect(await last).toBe(4);
  expect(started).toEqual([1, 4]);
});

test("after a failed read, the next one runs", async () => {
  const gate = createReadGate({ atATime: 1, maxWaiting: 1, waitMs: 20 });
  await expect(gate.run(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await gate.run(async () => "read")).toBe("read");
});
