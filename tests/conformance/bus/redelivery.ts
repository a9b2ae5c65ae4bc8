import { expect, test } from "bun:test";
import { TOPOLOGY, type Topology } from "../../../contracts/topology.ts";
import { eventually } from "../../support/wait.ts";
import { readyIn } from "./answers.ts";
import { bytes, collect, numbered, SINGLE, text } from "./inbox.ts";
import { connected, type OpenWorld } from "./world.ts";

/** Tests the redelivery of messages whose handler did not finish. */
export function describeRedelivery({ connect, world }: OpenWorld): void {
  test("a rejected batch is delivered again after growing delays and marked as redelivered", async () => {
    const bus = await connect();
    const calls: { at: number; redelivered: boolean }[] = [];
    const inbox = collect(bus, "jobs.created", SINGLE, async ([first]) => {
      calls.push({ at: performance.now(), redelivered: first?.redelivered ?? false });
      if (calls.length < 5) throw new Error("the database is down");
    });
    await bus.publish("jobs.created", bytes("again"));
    await inbox.has(1);
    expect(calls.map(({ redelivered }) => redelivered)).toEqual([false, true, true, true, true]);
    const pauses = calls.slice(1).map(({ at }, i) => at - (calls[i]?.at ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(20);
    expect(pauses[3]).toBeGreaterThan(pauses[0] as number);
  });

  test("a handler may reject a message any number of times without making it a dead letter", async () => {
    const bus = await connect({ topology: withDeliveryLimit(2) });
    let calls = 0;
    const inbox = collect(bus, "jobs.created", SINGLE, async () => {
      if (++calls < 6) throw new Error("the database is down");
    });
    await bus.publish("jobs.created", bytes("survivor"));
    await inbox.has(1);
    expect(calls).toBe(6);
    expect(await readyIn(bus, "jobs.failed.validation")).toBe(0);
  });

  test("messages held by a consumer whose connection dies go to another consumer, marked as redelivered", async () => {
    const dying = await connect();
    const other = await connected(world().openElsewhere());
    await Promise.all(numbered(20).map((text) => other.publish("jobs.created", bytes(text))));
    const gate = Promise.withResolvers<void>();
    const held = collect(dying, "jobs.created", { maxBatch: 5, prefetch: 10 }, () => gate.promise);
    await eventually(async () => (await readyIn(other, "jobs.created")) === 10, {
      what: "ten messages to be held",
    });
    const inbox = collect(other, "jobs.created");
    await inbox.has(10);
    world().cut();
    await inbox.has(20);
    expect(inbox.texts().sort()).toEqual(numbered(20).sort());
    expect(inbox.deliveries.filter(({ redelivered }) => redelivered).length).toBe(10);
    expect(held.deliveries).toEqual([]);
    gate.resolve();
  });

  test("a message that repeatedly kills its consumer becomes a dead letter, but other messages do not", async () => {
    const topology = withDeliveryLimit(4);
    const bus = await connect({ topology });
    const texts = [...numbered(10), "poison", ...numbered(20).slice(10)];
    for (const each of texts) await bus.publish("jobs.created", bytes(each));
    const handled = new Set<string>();
    bus.consume("jobs.created", { maxBatch: 5, prefetch: 30 }, async (batch) => {
      if (batch.some(({ body }) => text(body) === "poison")) {
        // Imitates a dying process: the connection is lost before the handler ends.
        world().cut();
        world().restore();
        throw new Error("killed by a poison message");
      }
      for (const { body } of batch) handled.add(text(body));
    });
    const dead = collect(await connected(world().openElsewhere({ topology })), "jobs.failed.validation");
    await dead.has(1);
    await eventually(() => handled.size === 20, { what: "the other messages to be handled" });
    expect(dead.texts()).toEqual(["poison"]);
    expect(dead.deliveries[0]?.diedOn).toBe("jobs.created");
  });
}

function withDeliveryLimit(deliveryLimit: number): Topology {
  return { ...TOPOLOGY, queues: TOPOLOGY.queues.map((queue) => ({ ...queue, deliveryLimit })) };
}
