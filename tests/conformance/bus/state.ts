import { expect, test } from "bun:test";
import { createMetrics } from "../../../shared/metrics.ts";
import { eventually } from "../../support/wait.ts";
import { codeOf, readyIn } from "./answers.ts";
import { BATCHES, bytes, collect, numbered, SINGLE } from "./inbox.ts";
import type { OpenWorld } from "./world.ts";

/**
 * Tests what a bus reports about its state: queue depths, unacknowledged (held) messages, stuck consumers and metrics.
 */
export function describeState({ connect, world }: OpenWorld): void {
  test("queue depths report how many messages wait and how many consumers there are", async () => {
    const bus = await connect();
    await bus.publish("jobs.created", bytes("one"));
    await bus.publish("jobs.transitions", bytes("two"));
    const consumer = bus.consume("events.observed", BATCHES, async () => undefined);
    await eventually(
      async () => {
        const depths = await bus.depths();
        return depths.some(
          ({ name, ready, consumers }) => name === "events.observed" && !ready && consumers === 1,
        );
      },
      { what: "the consumer to drain its queue" },
    );
    expect(await bus.depths()).toEqual([
      { name: "jobs.created", ready: 1, consumers: 0 },
      { name: "events.observed", ready: 0, consumers: 1 },
      { name: "jobs.failed.validation", ready: 0, consumers: 0 },
      { name: "messages.parked", ready: 0, consumers: 0 },
    ]);
    await consumer.stop();
    expect((await bus.depths()).map(({ consumers }) => consumers)).toEqual([0, 0, 0, 0]);
    world().cut();
    await eventually(async () => (await codeOf(bus.depths())) === "BUS_UNAVAILABLE", {
      what: "depths to fail",
    });
  });

  test("unacknowledged messages count as held, not as ready", async () => {
    const bus = await connect();
    await Promise.all(numbered(10).map((text) => bus.publish("jobs.created", bytes(text))));
    const gate = Promise.withResolvers<void>();
    const inbox = collect(bus, "jobs.created", { maxBatch: 2, prefetch: 4 }, () => gate.promise);
    await eventually(async () => (await readyIn(bus, "jobs.created")) === 6, {
      what: "four messages to be held",
    });
    expect(bus.held()).toEqual({ "jobs.created": 4 });
    gate.resolve();
    await inbox.has(10);
    await eventually(() => bus.held()["jobs.created"] === 0, { what: "no message to be held" });
  });

  test("a consumer reports why it is stuck until its rejected batch is handled", async () => {
    const bus = await connect();
    let isBroken = true;
    const consumer = bus.consume("jobs.created", SINGLE, async () => {
      if (isBroken) throw new Error("the store is read-only");
    });
    expect(consumer.whyStuck()).toBeUndefined();
    await bus.publish("jobs.created", bytes("again"));
    await eventually(() => consumer.whyStuck() !== undefined, { what: "the consumer to be stuck" });
    expect(consumer.whyStuck()).toContain("the store is read-only");
    expect(bus.held()).toEqual({ "jobs.created": 1 });
    isBroken = false;
    await eventually(() => consumer.whyStuck() === undefined, { what: "the consumer to continue" });
  });

  test("pings succeed while the engine responds, even for many concurrent callers", async () => {
    const bus = await connect();
    await Promise.all(Array.from({ length: 50 }, () => bus.ping()));
    await bus.close();
    expect(await codeOf(bus.ping())).toBe("BUS_UNAVAILABLE");
  });

  test("metrics report published, consumed, buffered and unconfirmed messages, the connection and reconnects", async () => {
    const metrics = createMetrics("test");
    const bus = await connect({ metrics });
    const inbox = collect(bus, "jobs.created");
    await bus.publish("jobs.created", bytes("x"));
    await inbox.has(1);
    await eventually(() => bus.held()["jobs.created"] === 0, { what: "the message to be acknowledged" });
    const text = await metrics.registry.metrics();
    expect(text).toContain('observatory_bus_published_total{route="jobs.created",service="test"} 1');
    expect(text).toContain('observatory_bus_consumed_total{queue="jobs.created",service="test"} 1');
    expect(text).toContain('observatory_bus_buffered{queue="jobs.created",service="test"} 0');
    expect(text).toContain('observatory_bus_unconfirmed{service="test"} 0');
    expect(text).toContain('observatory_bus_connected{service="test"} 1');
    expect(text).toContain('observatory_bus_reconnects_total{service="test"} 0');
  });
}
