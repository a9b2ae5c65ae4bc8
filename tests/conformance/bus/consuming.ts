import { expect, test } from "bun:test";
import { eventually } from "../../support/wait.ts";
import { readyIn } from "./answers.ts";
import { BATCHES, bytes, collect, numbered, SINGLE, text } from "./inbox.ts";
import type { OpenWorld } from "./world.ts";

/** Tests how a consumer receives batches and stops. */
export function describeConsuming({ connect }: OpenWorld): void {
  test("handler calls never overlap", async () => {
    const bus = await connect();
    let running = 0;
    let most = 0;
    const inbox = collect(bus, "jobs.created", { maxBatch: 3, prefetch: 50 }, async () => {
      most = Math.max(most, ++running);
      await Bun.sleep(1);
      running--;
    });
    await Promise.all(numbered(100).map((text) => bus.publish("jobs.created", bytes(text))));
    await inbox.has(100);
    expect(most).toBe(1);
  });

  test("messages that arrive while the handler is busy are delivered in a few large batches", async () => {
    const bus = await connect();
    const gate = Promise.withResolvers<void>();
    const sizes: number[] = [];
    const inbox = collect(bus, "jobs.created", BATCHES, async (batch) => {
      sizes.push(batch.length);
      await gate.promise;
    });
    await bus.publish("jobs.created", bytes("first"));
    await eventually(() => sizes.length === 1, { what: "the idle consumer to be called at once" });
    await Promise.all(numbered(150).map((text) => bus.publish("jobs.created", bytes(text))));
    await eventually(async () => (await readyIn(bus, "jobs.created")) === 0, {
      what: "all messages to be prefetched",
    });
    gate.resolve();
    await inbox.has(151);
    // The engine delivers the 150 waiting messages in a few chunks.
    expect(sizes.length).toBeLessThanOrEqual(6);
  });

  test("a consumer holds no more unacknowledged messages than its prefetch limit", async () => {
    const bus = await connect();
    await Promise.all(numbered(10).map((text) => bus.publish("jobs.created", bytes(text))));
    const gate = Promise.withResolvers<void>();
    const inbox = collect(bus, "jobs.created", { maxBatch: 2, prefetch: 4 }, () => gate.promise);
    await eventually(async () => (await readyIn(bus, "jobs.created")) === 6, {
      what: "six messages to be left for other consumers",
    });
    const other = collect(bus, "jobs.created", SINGLE);
    await other.has(6);
    gate.resolve();
    await inbox.has(4);
    expect([...inbox.texts(), ...other.texts()].sort()).toEqual(numbered(10).sort());
  });

  test("stopping finishes the current batch, returns all other messages to the queue and loses none", async () => {
    const bus = await connect({ maxWaiting: 2_000 });
    const handled = new Set<string>();
    const publishing = Promise.all(numbered(2_000).map((text) => bus.publish("jobs.created", bytes(text))));
    for (let round = 0; handled.size < 2_000; round++) {
      expect(round).toBeLessThan(200);
      let running = false;
      let calls = 0;
      const consumer = bus.consume("jobs.created", { maxBatch: 50, prefetch: 100 }, async (batch) => {
        running = true;
        calls++;
        await Bun.sleep(2);
        for (const { body } of batch) handled.add(text(body));
        running = false;
      });
      await eventually(() => calls > 0, { what: "a batch", everyMs: 5 });
      await Promise.all([consumer.stop(), consumer.stop()]);
      expect(running).toBe(false);
      const before = handled.size;
      if (before < 2_000)
        await eventually(async () => (await readyIn(bus, "jobs.created")) > 0, {
          what: "the other messages to be returned",
        });
      expect(handled.size).toBe(before);
    }
    await publishing;
    expect(await readyIn(bus, "jobs.created")).toBe(0);
  });

  test("a stop that exceeds its grace period aborts the handler, whose messages are redelivered", async () => {
    const bus = await connect({ stopGraceMs: 50 });
    await bus.publish("jobs.created", bytes("unfinished"));
    const called = Promise.withResolvers<void>();
    const consumer = bus.consume("jobs.created", BATCHES, (_batch, signal) => {
      called.resolve();
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    });
    await called.promise;
    await consumer.stop();
    const inbox = collect(bus, "jobs.created");
    await inbox.has(1);
    expect(inbox.deliveries[0]).toMatchObject({ redelivered: true });
  });
}
