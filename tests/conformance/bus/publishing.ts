import { expect, test } from "bun:test";
import { QUEUES } from "../../../contracts/topology.ts";
import { codeOf, readyIn } from "./answers.ts";
import { BATCHES, bytes, collect, numbered } from "./inbox.ts";
import type { OpenWorld } from "./world.ts";

/** Tests publishing: confirms, routing, unchanged bytes, order and the limit on unconfirmed messages. */
export function describePublishing({ connect }: OpenWorld): void {
  test("a confirmed message is delivered after its publisher has closed", async () => {
    const publisher = await connect();
    await publisher.publish("jobs.created", bytes("kept"));
    await publisher.close();
    const inbox = collect(await connect(), "jobs.created");
    await inbox.has(1);
    expect(inbox.texts()).toEqual(["kept"]);
    expect(inbox.deliveries[0]).toMatchObject({ redelivered: false });
    expect(inbox.deliveries[0]?.diedOn).toBeUndefined();
  });

  test("a message reaches exactly the queues that list its route in the topology", async () => {
    const bus = await connect();
    const inboxes = Object.fromEntries(QUEUES.map((queue) => [queue, collect(bus, queue)]));
    await bus.publish("jobs.created", bytes("created"));
    await bus.publish("jobs.transitions", bytes("moved"));
    await bus.publish("jobs.failed.validation", bytes("refused"));
    await inboxes["events.observed"]?.has(2);
    await inboxes["jobs.failed.validation"]?.has(1);
    await inboxes["jobs.created"]?.has(1);
    expect(inboxes["jobs.created"]?.texts()).toEqual(["created"]);
    expect(inboxes["events.observed"]?.texts()).toEqual(["created", "moved"]);
    expect(inboxes["jobs.failed.validation"]?.texts()).toEqual(["refused"]);
  });

  test("bodies arrive byte for byte, including empty and large ones", async () => {
    const bus = await connect();
    const sent = [new Uint8Array(0), new Uint8Array([0, 255, 10, 13]), new Uint8Array(300_000).fill(7)];
    const inbox = collect(bus, "jobs.created");
    for (const body of sent) await bus.publish("jobs.created", body);
    await inbox.has(3);
    expect(inbox.deliveries.map(({ body }) => Buffer.from(body).toString("base64"))).toEqual(
      sent.map((body) => Buffer.from(body).toString("base64")),
    );
  });

  test("5,000 pipelined messages from one producer arrive once each, in order and in batches", async () => {
    const bus = await connect({ maxWaiting: 5_000 });
    const sizes: number[] = [];
    const inbox = collect(bus, "jobs.created", BATCHES, async (batch) => {
      sizes.push(batch.length);
    });
    const texts = numbered(5_000);
    await Promise.all(texts.map((text) => bus.publish("jobs.created", bytes(text))));
    await inbox.has(5_000);
    expect(inbox.texts()).toEqual(texts);
    expect(Math.max(...sizes)).toBeGreaterThan(10);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(BATCHES.maxBatch);
  });

  test("a message is refused while too many are unconfirmed or waiting to be sent, and all earlier messages are confirmed", async () => {
    const bus = await connect({ maxUnconfirmed: 10, maxWaiting: 5 });
    const codes = await Promise.all(
      numbered(40).map((each) => codeOf(bus.publish("jobs.created", bytes(each)))),
    );
    expect(codes.slice(0, 15)).toEqual(Array(15).fill(undefined));
    expect(new Set(codes.slice(15))).toEqual(new Set(["OVERLOADED"]));
    await bus.publish("jobs.created", bytes("room again"));
    expect(await readyIn(bus, "jobs.created")).toBe(16);
  });
}
