import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { QUEUES, type QueueName, ROUTES, TOPOLOGY, type Topology } from "../../contracts/topology.ts";
import type { BatchHandler, Bus, ConsumeOptions, Delivery } from "../../shared/bus/port.ts";
import { AppError } from "../../shared/errors.ts";
import { eventually } from "../support/wait.ts";

/** The options that every adapter accepts. */
export interface WorldBusOptions {
  readonly topology?: Topology;
  readonly maxUnconfirmed?: number;
  readonly maxWaiting?: number;
  readonly confirmTimeoutMs?: number;
  readonly stopGraceMs?: number;
}

/** An empty bus for one test, with a network that can fail. */
export interface BusWorld {
  /** Opens a bus whose connections use the network that fails. */
  open(options?: WorldBusOptions): Bus;
  /** Opens a bus on a separate network that never fails. */
  openElsewhere(options?: WorldBusOptions): Bus;
  /** Closes every connection of the failing network, and refuses new ones. */
  cut(): void;
  /** Keeps its connections, but lets nothing through. */
  freeze(): void;
  restore(): void;
  /** Connections open on the failing network. */
  connections(): number;
  /** The source of a program that opens a bus, publishes, consumes, closes, and must then exit by itself. */
  shortProgram(): string;
  restartEngine(): Promise<void>;
  /** Closes all buses that were opened, and removes everything. */
  dispose(): Promise<void>;
}

const BATCHES: ConsumeOptions = { maxBatch: 200, prefetch: 400 };
const SINGLE: ConsumeOptions = { maxBatch: 1, prefetch: 2 };

/** What each bus must do, whichever engine carries it. */
export function describeBus(name: string, makeWorld: () => Promise<BusWorld>): void {
  describe(`bus on ${name}`, () => {
    let world: BusWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.dispose());

    const connect = async (options?: WorldBusOptions) => connected(world.open(options));

    test("a confirmed message outlives its publisher and is delivered", async () => {
      const publisher = await connect();
      await publisher.publish("jobs.created", bytes("kept"));
      await publisher.close();
      const inbox = collect(await connect(), "jobs.created");
      await inbox.has(1);
      expect(inbox.texts()).toEqual(["kept"]);
      expect(inbox.deliveries[0]).toMatchObject({ redelivered: false });
      expect(inbox.deliveries[0]?.diedOn).toBeUndefined();
    });

    test("a route feeds exactly those queues of the topology that name it", async () => {
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

    test("bytes arrive as they were sent, empty and large ones too", async () => {
      const bus = await connect();
      const sent = [new Uint8Array(0), new Uint8Array([0, 255, 10, 13]), new Uint8Array(300_000).fill(7)];
      const inbox = collect(bus, "jobs.created");
      for (const body of sent) await bus.publish("jobs.created", body);
      await inbox.has(3);
      expect(inbox.deliveries.map(({ body }) => Buffer.from(body).toString("base64"))).toEqual(
        sent.map((body) => Buffer.from(body).toString("base64")),
      );
    });

    test("5,000 pipelined messages of one producer arrive once each, in order, in batches", async () => {
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

    test("only one call of the handler runs at a time", async () => {
      const bus = await connect();
      let [running, most] = [0, 0];
      const inbox = collect(bus, "jobs.created", { maxBatch: 3, prefetch: 50 }, async () => {
        most = Math.max(most, ++running);
        await Bun.sleep(1);
        running--;
      });
      await Promise.all(numbered(100).map((text) => bus.publish("jobs.created", bytes(text))));
      await inbox.has(100);
      expect(most).toBe(1);
    });

    test("messages that arrive while the handler is busy form the next batch", async () => {
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
        what: "all to be prefetched",
      });
      gate.resolve();
      await inbox.has(151);
      // The engine hands out the messages in a few portions, far fewer than there are messages.
      expect(sizes.length).toBeLessThanOrEqual(6);
    });

    test("no more than the prefetch is held unacknowledged", async () => {
      const bus = await connect();
      await Promise.all(numbered(10).map((text) => bus.publish("jobs.created", bytes(text))));
      const gate = Promise.withResolvers<void>();
      const inbox = collect(bus, "jobs.created", { maxBatch: 2, prefetch: 4 }, () => gate.promise);
      await eventually(async () => (await readyIn(bus, "jobs.created")) === 6, {
        what: "six messages left for others",
      });
      const other = collect(bus, "jobs.created", SINGLE);
      await other.has(6);
      gate.resolve();
      await inbox.has(4);
      expect([...inbox.texts(), ...other.texts()].sort()).toEqual(numbered(10).sort());
    });

    test("a rejected batch returns after growing pauses, marked as redelivered", async () => {
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

    test("rejections, however many, never make a dead letter", async () => {
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

    test("a consumer created before the connection receives its messages", async () => {
      world.cut();
      const bus = world.open();
      const inbox = collect(bus, "jobs.created");
      expect(await codeOf(bus.publish("jobs.created", bytes("too early")))).toBe("BUS_UNAVAILABLE");
      world.restore();
      await connected(bus);
      await bus.publish("jobs.created", bytes("in time"));
      await inbox.has(1);
      expect(inbox.texts()).toEqual(["in time"]);
    });

    test("messages of a consumer whose connection dies are redelivered to another, marked as such", async () => {
      const dying = await connect();
      const other = await connected(world.openElsewhere());
      await Promise.all(numbered(20).map((text) => other.publish("jobs.created", bytes(text))));
      const gate = Promise.withResolvers<void>();
      const held = collect(dying, "jobs.created", { maxBatch: 5, prefetch: 10 }, () => gate.promise);
      await eventually(async () => (await readyIn(other, "jobs.created")) === 10, { what: "ten to be held" });
      const inbox = collect(other, "jobs.created");
      await inbox.has(10);
      world.cut();
      await inbox.has(20);
      expect(inbox.texts().sort()).toEqual(numbered(20).sort());
      expect(inbox.deliveries.filter(({ redelivered }) => redelivered).length).toBe(10);
      expect(held.deliveries).toEqual([]);
      gate.resolve();
    });

    test("stopping finishes the batch in hand, returns the rest, and loses nothing", async () => {
      const bus = await connect({ maxWaiting: 2_000 });
      const handled = new Set<string>();
      const publishing = Promise.all(numbered(2_000).map((text) => bus.publish("jobs.created", bytes(text))));
      for (let round = 0; handled.size < 2_000; round++) {
        expect(round).toBeLessThan(200);
        let [running, calls] = [false, 0];
        const consumer = bus.consume("jobs.created", { maxBatch: 50, prefetch: 100 }, async (batch) => {
          running = true;
          calls++;
          await Bun.sleep(2);
          for (const { body } of batch) handled.add(text(body));
          running = false;
        });
        await eventually(() => calls > 0, { what: "a batch" });
        await Promise.all([consumer.stop(), consumer.stop()]);
        expect(running).toBe(false);
        const before = handled.size;
        if (before < 2_000)
          await eventually(async () => (await readyIn(bus, "jobs.created")) > 0, { what: "the rest" });
        expect(handled.size).toBe(before);
      }
      await publishing;
      expect(await readyIn(bus, "jobs.created")).toBe(0);
    });

    test("a stop that outlasts its grace aborts the handler, and its messages are redelivered", async () => {
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

    test("publishing fails at once while the network is cut, and works again afterwards", async () => {
      const bus = await connect();
      world.cut();
      await eventually(async () => (await codeOf(bus.ping())) === "BUS_UNAVAILABLE", {
        what: "the loss to be seen",
      });
      const before = performance.now();
      const error = await bus.publish("jobs.created", bytes("lost")).catch((thrown) => thrown);
      expect(performance.now() - before).toBeLessThan(100);
      expect(error).toBeInstanceOf(AppError);
      expect(error).toMatchObject({ code: "BUS_UNAVAILABLE" });
      expect(error.retryAfterSeconds).toBeGreaterThanOrEqual(1);
      world.restore();
      await eventually(async () => (await codeOf(bus.ping())) === undefined, { what: "the bus to be back" });
      await bus.publish("jobs.created", bytes("kept"));
      const inbox = collect(bus, "jobs.created");
      await inbox.has(1);
      expect(inbox.texts()).toEqual(["kept"]);
    });

    test("every message in flight during a cut settles, and confirmed ones are delivered", async () => {
      const bus = await connect({ maxWaiting: 5_000 });
      const confirmed = new Set<string>();
      const codes = new Set<string | undefined>();
      const texts = numbered(4_000);
      const all = texts.map(async (each) => {
        const code = await codeOf(bus.publish("jobs.created", bytes(each)));
        if (code) codes.add(code);
        else confirmed.add(each);
      });
      await eventually(() => confirmed.size > 0, { what: "the first confirms" });
      world.cut();
      await Promise.all(all);
      expect([...codes]).toEqual(["BUS_UNAVAILABLE"]);
      const inbox = collect(await connected(world.openElsewhere()), "jobs.created");
      await eventually(
        () => {
          const arrived = new Set(inbox.texts());
          return [...confirmed].every((each) => arrived.has(each));
        },
        { what: "every confirmed message" },
      );
    });

    test("a frozen network makes publishing and ping fail in bounded time", async () => {
      const bus = await connect({ confirmTimeoutMs: 300 });
      world.freeze();
      const before = performance.now();
      const codes = await Promise.all([
        codeOf(bus.publish("jobs.created", bytes("stuck"))),
        codeOf(bus.ping()),
      ]);
      expect(codes).toEqual(["BUS_UNAVAILABLE", "BUS_UNAVAILABLE"]);
      expect(performance.now() - before).toBeLessThan(4_000);
      world.restore();
      await eventually(async () => (await codeOf(bus.ping())) === undefined, { what: "the bus to be back" });
      await bus.publish("jobs.created", bytes("thawed"));
    });

    test("consumers resume after a cut, and the batch in hand is handled again, never two at a time", async () => {
      const bus = await connect();
      const elsewhere = await connected(world.openElsewhere());
      const gate = Promise.withResolvers<void>();
      let [calls, running, most] = [0, 0, 0];
      const inbox = collect(bus, "jobs.created", BATCHES, async () => {
        most = Math.max(most, ++running);
        if (++calls === 1) await gate.promise;
        running--;
      });
      await elsewhere.publish("jobs.created", bytes("in hand"));
      await eventually(() => calls === 1, { what: "the batch to be in hand" });
      world.cut();
      await elsewhere.publish("jobs.created", bytes("meanwhile"));
      await eventually(async () => (await readyIn(elsewhere, "jobs.created")) === 2, {
        what: "both to be back",
      });
      world.restore();
      await eventually(async () => (await readyIn(elsewhere, "jobs.created")) === 0, {
        what: "both to be prefetched",
      });
      gate.resolve();
      await eventually(() => inbox.texts().filter((each) => each === "in hand").length === 2, {
        what: "the batch again",
      });
      await inbox.has(3);
      expect(inbox.texts()).toContain("meanwhile");
      expect(most).toBe(1);
      await eventually(
        async () => {
          const stopped = await inbox.stop();
          return stopped && (await readyIn(elsewhere, "jobs.created")) === 0;
        },
        { what: "nothing to be left" },
      );
    });

    test("a restart of the engine keeps messages, and both sides resume by themselves", async () => {
      const bus = await connect();
      await Promise.all(numbered(100).map((each) => bus.publish("jobs.created", bytes(each))));
      const lost = eventually(async () => (await codeOf(bus.ping())) === "BUS_UNAVAILABLE", {
        what: "the loss to be seen",
      });
      await Promise.all([world.restartEngine(), lost]);
      const inbox = collect(bus, "jobs.created");
      await inbox.has(100);
      expect(inbox.texts()).toEqual(numbered(100));
      await eventually(async () => (await codeOf(bus.ping())) === undefined, { what: "the bus to be back" });
      // A confirm of each queue: RabbitMQ loses all of them when a queue is deleted while its leader is being elected.
      await Promise.all(ROUTES.map((route) => bus.publish(route, bytes("after"))));
      await inbox.has(101);
    });

    test("depths count waiting messages and consumers", async () => {
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
      world.cut();
      await eventually(async () => (await codeOf(bus.depths())) === "BUS_UNAVAILABLE", {
        what: "depths to fail",
      });
    });

    test("unacknowledged messages count as held, not as ready", async () => {
      const bus = await connect();
      await Promise.all(numbered(10).map((text) => bus.publish("jobs.created", bytes(text))));
      const gate = Promise.withResolvers<void>();
      const inbox = collect(bus, "jobs.created", { maxBatch: 2, prefetch: 4 }, () => gate.promise);
      await eventually(async () => (await readyIn(bus, "jobs.created")) === 6, { what: "four to be held" });
      expect(bus.held()).toEqual({ "jobs.created": 4 });
      gate.resolve();
      await inbox.has(10);
      await eventually(() => bus.held()["jobs.created"] === 0, { what: "nothing to be held" });
    });

    test("a rejected batch is reported as stuck, with the reason, until it is handled", async () => {
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

    test("ping answers while the engine does, even for many concurrent callers", async () => {
      const bus = await connect();
      await Promise.all(Array.from({ length: 50 }, () => bus.ping()));
      await bus.close();
      expect(await codeOf(bus.ping())).toBe("BUS_UNAVAILABLE");
    });

    test("a message that repeatedly kills its consumer becomes a dead letter, its neighbours do not", async () => {
      const topology = withDeliveryLimit(4);
      const bus = await connect({ topology });
      const texts = [...numbered(10), "poison", ...numbered(20).slice(10)];
      for (const each of texts) await bus.publish("jobs.created", bytes(each));
      const handled = new Set<string>();
      bus.consume("jobs.created", { maxBatch: 5, prefetch: 30 }, async (batch) => {
        if (batch.some(({ body }) => text(body) === "poison")) {
          // As when the process dies: the connection is lost before the handler ends.
          world.cut();
          world.restore();
          throw new Error("killed by a poison message");
        }
        for (const { body } of batch) handled.add(text(body));
      });
      const dead = collect(await connected(world.openElsewhere({ topology })), "jobs.failed.validation");
      await dead.has(1);
      await eventually(() => handled.size === 20, { what: "the neighbours to be handled" });
      expect(dead.texts()).toEqual(["poison"]);
      expect(dead.deliveries[0]?.diedOn).toBe("jobs.created");
    });

    test("when the window and its queue are full, one more message is refused and the others are confirmed", async () => {
      const bus = await connect({ maxUnconfirmed: 10, maxWaiting: 5 });
      const codes = await Promise.all(
        numbered(40).map((each) => codeOf(bus.publish("jobs.created", bytes(each)))),
      );
      expect(codes.slice(0, 15)).toEqual(Array(15).fill(undefined));
      expect(new Set(codes.slice(15))).toEqual(new Set(["OVERLOADED"]));
      await bus.publish("jobs.created", bytes("room again"));
      expect(await readyIn(bus, "jobs.created")).toBe(16);
    });

    test("closing waits for confirms, may be called twice, refuses later calls and leaves no connection", async () => {
      const bus = await connect();
      bus.consume("events.observed", BATCHES, async () => undefined);
      const publishing = Promise.all(numbered(200).map((each) => bus.publish("jobs.created", bytes(each))));
      await Promise.all([publishing, bus.close(), bus.close()]);
      expect(await codeOf(bus.publish("jobs.created", bytes("too late")))).toBe("BUS_UNAVAILABLE");
      await eventually(() => world.connections() === 0, { what: "the connections to be gone" });
    });

    test("closing while the engine is unreachable ends at once, and a caller waiting for the connection is refused", async () => {
      world.cut();
      const bus = world.open();
      const waiting = codeOf(bus.connected());
      bus.consume("jobs.created", BATCHES, async () => undefined);
      const before = performance.now();
      await bus.close();
      expect(performance.now() - before).toBeLessThan(1_000);
      expect(await waiting).toBe("BUS_UNAVAILABLE");
    });

    test("waiting for the connection ends with its signal", async () => {
      world.cut();
      const bus = world.open();
      await expect(bus.connected(AbortSignal.timeout(50))).rejects.toThrow();
    });

    test("a process that has closed its bus exits by itself", async () => {
      const child = Bun.spawn([process.execPath, "-e", world.shortProgram()], {
        cwd: new URL("../..", import.meta.url).pathname,
        stdout: "pipe",
        stderr: "pipe",
        timeout: 20_000,
      });
      const [code, output, errors] = await Promise.all([
        child.exited,
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      expect({ code, output: output.trim(), errors }).toEqual({ code: 0, output: "closed", errors: "" });
    });
  });
}

function collect(bus: Bus, queue: QueueName, options = BATCHES, before?: BatchHandler) {
  const deliveries: Delivery[] = [];
  const consumer = bus.consume(queue, options, async (batch, signal) => {
    await before?.(batch, signal);
    deliveries.push(...batch);
  });
  return {
    deliveries,
    texts: () => deliveries.map(({ body }) => text(body)),
    has: (count: number) =>
      eventually(
        () => {
          if (deliveries.length < count) throw new Error(`there are ${deliveries.length}`);
          return true;
        },
        { what: `${count} messages of ${queue}` },
      ),
    stop: async () => {
      await consumer.stop();
      return true;
    },
  };
}

async function connected(bus: Bus): Promise<Bus> {
  await bus.connected(AbortSignal.timeout(20_000));
  return bus;
}

async function readyIn(bus: Bus, queue: QueueName): Promise<number> {
  const depth = (await bus.depths()).find(({ name }) => name === queue);
  if (!depth) throw new Error(`No depth of ${queue}`);
  return depth.ready;
}

/** The code of the refusal; undefined when the promise resolves. */
function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error) => {
      if (error instanceof AppError) return error.code;
      throw error;
    },
  );
}

function withDeliveryLimit(deliveryLimit: number): Topology {
  return { ...TOPOLOGY, queues: TOPOLOGY.queues.map((queue) => ({ ...queue, deliveryLimit })) };
}

const bytes = (value: string) => new TextEncoder().encode(value);
const text = (value: Uint8Array) => new TextDecoder().decode(value);
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `m${String(i).padStart(5, "0")}`);
