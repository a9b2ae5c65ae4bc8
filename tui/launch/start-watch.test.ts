import { expect, test } from "bun:test";
import { createStartWatch } from "./start-watch.ts";

function started() {
  const clock = { ms: 10_000 };
  const watch = createStartWatch(() => clock.ms);
  watch.spawned();
  return { clock, watch };
}

test("warnings during a quick start are dropped, and later warnings are shown", () => {
  const { clock, watch } = started();
  expect(watch.judge(10_050)).toBe("hold");
  clock.ms = 10_600;
  watch.ready();
  expect(watch.judge(10_050)).toBe("drop");
  expect(watch.judge(12_000)).toBe("show");
});

test("warnings during a slow start are shown", () => {
  const { clock, watch } = started();
  clock.ms = 13_000;
  expect(watch.judge(10_050)).toBe("show");
  clock.ms = 20_000;
  watch.ready();
  expect(watch.judge(10_050)).toBe("show");
});

test("warnings from the previous process are shown", () => {
  const { watch } = started();
  expect(watch.judge(9_000)).toBe("show");
});
