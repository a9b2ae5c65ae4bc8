import { expect, test } from "bun:test";
import { ROUTES } from "../../../contracts/topology.ts";
import { AppError } from "../../../shared/errors.ts";
import { eventually } from "../../support/wait.ts";
import { codeOf, readyIn } from "./answers.ts";
import { BATCHES, bytes, collect, numbered } from "./inbox.ts";
import { connected, type OpenWorld } from "./world.ts";

/** Tests a cut network, a frozen network and an engine restart. */
export function describeOutages({ connect, world }: OpenWorld): void {
  test("a consumer created before the connection is established receives its messages", async () => {
    world().cut();
    const bus = world().open();
    const inbox = collect(bus, "jobs.created");
    expect(await codeOf(bus.publish("jobs.created", bytes("too early")))).toBe("BUS_UNAVAILABLE");
    world().restore();
    await connected(bus);
    await bus.publish("jobs.created", bytes("in time"));
    await inbox.has(1);
    expect(inbox.texts()).toEqual(["in time"]);
  });

  test("publishing fails immediately while the network is cut and works again once it is restored", async () => {
    const bus = await connect();
    world().cut();
    await eventually(async () => (await codeOf(bus.ping())) === "BUS_UNAVAILABLE", {
      what: "the bus to notice the cut",
    });
    const before = performance.now();
    const error = await bus.publish("jobs.created", bytes("lost")).catch((thrown) => thrown);
    expect(performance.now() - before).toBeLessThan(100);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "BUS_UNAVAILABLE" });
    expect(error.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    world().restore();
    await eventually(async () => (await codeOf(bus.ping())) === undefined, { what: "the bus to recover" });
    await bus.publish("jobs.created", bytes("kept"));
    const inbox = collect(bus, "jobs.created");
    await inbox.has(1);
    expect(inbox.texts()).toEqual(["kept"]);
  });

  test("every publish in flight during a cut settles, and every confirmed message is delivered", async () => {
    const bus = await connect({ maxWaiting: 5_000 });
    const confirmed = new Set<string>();
    const codes = new Set<string | undefined>();
    const texts = numbered(4_000);
    const all = texts.map(async (each) => {
      const code = await codeOf(bus.publish("jobs.created", bytes(each)));
      if (code) codes.add(code);
      else confirmed.add(each);
    });
    await eventually(() => confirmed.size > 0, { what: "the first confirms", everyMs: 5 });
    world().cut();
    await Promise.all(all);
    expect([...codes]).toEqual(["BUS_UNAVAILABLE"]);
    const inbox = collect(await connected(world().openElsewhere()), "jobs.created");
    await eventually(
      () => {
        const arrived = new Set(inbox.texts());
        return [...confirmed].every((each) => arrived.has(each));
      },
      { what: "every confirmed message" },
    );
  });

  test("publishing and pinging fail within a bounded time while the network is frozen", async () => {
    const bus = await connect({ confirmTimeoutMs: 300 });
    world().freeze();
    const before = performance.now();
    const codes = await Promise.all([
      codeOf(bus.publish("jobs.created", bytes("stuck"))),
      codeOf(bus.ping()),
    ]);
    expect(codes).toEqual(["BUS_UNAVAILABLE", "BUS_UNAVAILABLE"]);
    expect(performance.now() - before).toBeLessThan(4_000);
    world().restore();
    await eventually(async () => (await codeOf(bus.ping())) === undefined, { what: "the bus to recover" });
    await bus.publish("jobs.created", bytes("thawed"));
  });

  test("consumers resume after a cut and handle the interrupted batch again, never two batches at a time", async () => {
    const bus = await connect();
    const elsewhere = await connected(world().openElsewhere());
    const gate = Promise.withResolvers<void>();
    let calls = 0;
    let running = 0;
    let most = 0;
    const inbox = collect(bus, "jobs.created", BATCHES, async () => {
      most = Math.max(most, ++running);
      if (++calls === 1) await gate.promise;
      running--;
    });
    await elsewhere.publish("jobs.created", bytes("in hand"));
    await eventually(() => calls === 1, { what: "the handler to receive the batch" });
    world().cut();
    await elsewhere.publish("jobs.created", bytes("meanwhile"));
    await eventually(async () => (await readyIn(elsewhere, "jobs.created")) === 2, {
      what: "both messages to be ready",
    });
    world().restore();
    await eventually(async () => (await readyIn(elsewhere, "jobs.created")) === 0, {
      what: "both messages to be prefetched",
    });
    gate.resolve();
    await eventually(() => inbox.texts().filter((each) => each === "in hand").length === 2, {
      what: "the interrupted batch to be handled again",
    });
    await inbox.has(3);
    expect(inbox.texts()).toContain("meanwhile");
    expect(most).toBe(1);
    await eventually(
      async () => {
        await inbox.stop();
        return (await readyIn(elsewhere, "jobs.created")) === 0;
      },
      { what: "the queue to be empty" },
    );
  });

  test("messages survive an engine restart, and publishing and consuming resume automatically", async () => {
    const bus = await connect();
    await Promise.all(numbered(100).map((each) => bus.publish("jobs.created", bytes(each))));
    const lost = eventually(async () => (await codeOf(bus.ping())) === "BUS_UNAVAILABLE", {
      what: "the bus to notice the restart",
    });
    await Promise.all([world().restartEngine(), lost]);
    const inbox = collect(bus, "jobs.created");
    await inbox.has(100);
    expect(inbox.texts()).toEqual(numbered(100));
    await eventually(async () => (await codeOf(bus.ping())) === undefined, { what: "the bus to recover" });
    // A confirm from each queue shows that it has elected a leader. If the cleanup deleted a queue during its leader
    // election, RabbitMQ would lose every queue.
    await Promise.all(ROUTES.map((route) => bus.publish(route, bytes("after"))));
    await inbox.has(101);
  });
}
