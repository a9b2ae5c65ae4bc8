import { expect, test } from "bun:test";
import type { TraceBar } from "../../shared/job-trace-view.ts";
import { spentOf, ticksOf } from "./job-time.ts";

const bar = (kind: TraceBar["kind"], startMs: number, endMs: number, note?: string): TraceBar => ({
  kind,
  label: kind,
  startMs,
  endMs,
  open: false,
  slowest: false,
  ...(note && { note }),
});

test("a job's time is summed by activity, largest part first", () => {
  const bars = [
    bar("hop", 0, 0),
    bar("hop", 0, 6),
    bar("wait", 6, 10, "for a free slot"),
    bar("try", 10, 10.5),
    bar("wait", 10.5, 110, "backoff, full jitter"),
    bar("try", 110, 111),
  ];
  expect(spentOf(bars)).toEqual([
    { kind: "wait", label: "between tries", ms: 99.5 },
    { kind: "bus", label: "on the bus", ms: 6 },
    { kind: "claim", label: "waiting for a slot", ms: 4 },
    { kind: "run", label: "running", ms: 1.5 },
  ]);
});

test("an axis has a few round ticks, none of them near its end", () => {
  expect(ticksOf(297)).toEqual([0, 100, 200]);
  expect(ticksOf(18)).toEqual([0, 5, 10, 15]);
  expect(ticksOf(60_000)).toEqual([0, 20_000, 40_000]);
  expect(ticksOf(0)).toEqual([0]);
});
