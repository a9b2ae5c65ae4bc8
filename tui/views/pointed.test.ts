import { beforeAll, expect, test } from "bun:test";
import { toText } from "../canvas.ts";
import { placeOf, type State } from "../model.ts";
import { selected } from "../selection.ts";
import { NOW, sampleId } from "../testing/sample-data.ts";
import { liveState, press } from "../testing/sample-state.ts";
import { update } from "../update.ts";
import { render } from "./frame.ts";
import { pointedAt } from "./pointed.ts";

beforeAll(() => {
  process.env.TZ = "UTC";
});

/** Returns the cell at which a text begins on the screen. */
function cellOf(state: State, text: string): [number, number] {
  const rows = toText(render(state)).split("\n");
  const y = rows.findIndex((row) => row.includes(text));
  return [rows[y]?.indexOf(text) ?? -1, y];
}

function click(state: State, text: string): State {
  const target = pointedAt(state, ...cellOf(state, text));
  return target ? update(state, { kind: "clicked", target }, NOW)[0] : state;
}

test("a click selects the row it lands on, even in a scrolled list", () => {
  const jobs = liveState(100, 24, { screen: "jobs" });
  expect(selected(click(jobs, "0dfc0003"))?.id).toBe(sampleId(3));
  const small = press(liveState(80, 12, { screen: "jobs" }), "G").state;
  expect(selected(click(small, "0dfc0005"))?.id).toBe(sampleId(5));
});

test("a click on a screen's name opens that screen at every width", () => {
  for (const [width, name] of [
    [100, "2 Jobs"],
    [80, "2 Jobs"],
    [60, " 2 "],
  ] as const) {
    const state = liveState(width, 24);
    const [x, y] = cellOf(state, name);
    const target = pointedAt(state, x + 1, y);
    expect([width, target]).toEqual([width, { kind: "tab", index: 1 }]);
  }
  expect(placeOf(click(liveState(100, 24), "5 Queues")).screen).toBe("queues");
});

test("a click on a border, a heading or empty space does nothing, nor does any click during a confirmation", () => {
  const jobs = liveState(100, 24, { screen: "jobs" });
  expect(pointedAt(jobs, ...cellOf(jobs, "type "))).toBeUndefined();
  expect(pointedAt(jobs, 40, 22)).toBeUndefined();
  expect(pointedAt(jobs, 1, 0)).toBeUndefined();
  expect(pointedAt(jobs, 99, 23)).toBeUndefined();
  const asked = press(jobs, "down", "x").state;
  expect(click(asked, "0dfc0005")).toEqual(asked);
});
