import { expect, test } from "bun:test";
import { eventually } from "../../support/wait.ts";
import { expectExitByItself } from "../exit-by-itself.ts";
import { codeOf } from "./answers.ts";
import { BATCHES, bytes, numbered } from "./inbox.ts";
import type { OpenWorld } from "./world.ts";

/** Tests how a bus closes. */
export function describeClosing({ connect, world }: OpenWorld): void {
  test("closing waits for confirms, is idempotent, refuses later calls and leaves no connection open", async () => {
    const bus = await connect();
    bus.consume("events.observed", BATCHES, async () => undefined);
    const publishing = Promise.all(numbered(200).map((each) => bus.publish("jobs.created", bytes(each))));
    await Promise.all([publishing, bus.close(), bus.close()]);
    expect(await codeOf(bus.publish("jobs.created", bytes("too late")))).toBe("BUS_UNAVAILABLE");
    await eventually(() => world().connections() === 0, { what: "the connections to close" });
  });

  test("closing is immediate while the engine is unreachable, and rejects callers waiting for a connection", async () => {
    world().cut();
    const bus = world().open();
    const waiting = codeOf(bus.connected());
    bus.consume("jobs.created", BATCHES, async () => undefined);
    const before = performance.now();
    await bus.close();
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(await waiting).toBe("BUS_UNAVAILABLE");
  });

  test("waiting for the connection ends when its signal aborts", async () => {
    world().cut();
    const bus = world().open();
    await expect(bus.connected(AbortSignal.timeout(50))).rejects.toThrow();
  });

  test("a process exits on its own after closing its bus", async () => {
    await expectExitByItself(world().shortProgram());
  });
}
