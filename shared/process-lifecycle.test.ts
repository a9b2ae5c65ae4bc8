import { expect, test } from "bun:test";
import { createLog } from "./log.ts";
import { createLifecycle } from "./process-lifecycle.ts";

const log = createLog({ service: "test", level: "silent" });

test("parts close in reverse order, and only once even if stop is called twice", async () => {
  const life = createLifecycle({ log, graceMs: 1_000 });
  const closed: string[] = [];
  life.defer("store", () => void closed.push("store"));
  life.defer("server", async () => void closed.push("server"));
  const [first, second] = await Promise.all([life.stop("test"), life.stop("again")]);
  expect(closed).toEqual(["server", "store"]);
  expect([first, second]).toEqual([true, true]);
});

test("other parts close even if one fails to close", async () => {
  const life = createLifecycle({ log, graceMs: 1_000 });
  let closed = false;
  life.defer("first", () => {
    closed = true;
  });
  life.defer("broken", () => {
    throw new Error("stuck");
  });
  expect(await life.stop("test")).toBe(false);
  expect(closed).toBe(true);
});

test("work that outlasts the grace period sees the abort signal after the stopping signal", async () => {
  const life = createLifecycle({ log, graceMs: 5 });
  const order: string[] = [];
  life.stopping.addEventListener("abort", () => order.push("stopping"));
  life.abort.addEventListener("abort", () => order.push("abort"));
  life.defer(
    "worker",
    () => new Promise<void>((resolve) => life.abort.addEventListener("abort", () => resolve())),
  );
  await life.stop("test");
  expect(order).toEqual(["stopping", "abort"]);
});
