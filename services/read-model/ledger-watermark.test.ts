import { expect, test } from "bun:test";
import { HOLD_MS, type Progress, watermarkOf } from "./ledger-watermark.ts";

const now = Date.UTC(2026, 0, 1, 12);
const ago = (ms: number) => now - ms;

const bus = (ready: Record<string, number> = {}) => ({
  at: new Date(ago(2_000)).toISOString(),
  queues: [],
  workers: [],
  deadLetters: 0,
  outbox: 0,
  bus: ["jobs.created", "events.observed", "jobs.failed.validation"].map((name) => ({
    name,
    ready: ready[name] ?? 0,
    consumers: 1,
  })),
});

const idle: Progress = {
  now,
  snapshot: bus(),
  lastEventAt: ago(60_000),
  newestJobAt: ago(61_000),
  newestTransitionAt: ago(60_000),
  newestDeadLetterAt: null,
  oldestOutboxAt: null,
  quietestWorker: null,
};
const lagOf = (progress: Partial<Progress>, settleMs = 0) =>
  now - watermarkOf({ ...idle, ...progress }, settleMs).watermark.getTime();

test("on an idle system the watermark is the snapshot's time minus the settle time", () => {
  expect(lagOf({})).toBe(2_000);
  expect(lagOf({}, 5_000)).toBe(7_000);
});

test("a queue with messages moves the watermark back to its consumer's progress", () => {
  expect(lagOf({ snapshot: bus({ "events.observed": 1 }) })).toBe(60_000);
  expect(lagOf({ snapshot: bus({ "jobs.created": 1 }) })).toBe(61_000);
  const failed = bus({ "jobs.failed.validation": 1 });
  expect(lagOf({ snapshot: failed, newestDeadLetterAt: ago(90_000) })).toBe(90_000);
  expect(lagOf({ snapshot: failed })).toBe(now);
});

test("unpublished messages and silent processors move the watermark back", () => {
  expect(lagOf({ oldestOutboxAt: ago(9_000) })).toBe(9_000);
  expect(lagOf({ quietestWorker: { id: "w-1", heartbeatAt: ago(12_000) } })).toBe(12_000);
});

test("without a fresh snapshot the watermark stays at the slower side's newest record", () => {
  expect(lagOf({ snapshot: null })).toBe(61_000);
  const old = { ...bus(), at: new Date(ago(20_000)).toISOString() };
  expect(lagOf({ snapshot: old })).toBe(61_000);
  expect(lagOf({ snapshot: null, lastEventAt: null })).toBe(now);
});

test("the slower side bounds the watermark while its missing records may still arrive", () => {
  expect(lagOf({ newestTransitionAt: ago(10_000) })).toBe(60_000);
  expect(lagOf({ lastEventAt: ago(10_000) })).toBe(60_000);
  expect(lagOf({ newestTransitionAt: ago(10_000), lastEventAt: ago(10_020) })).toBe(2_000);
});

test("a side without new records for a long time no longer bounds the watermark", () => {
  expect(lagOf({ newestTransitionAt: ago(HOLD_MS), lastEventAt: ago(60_000) })).toBe(2_000);
  expect(lagOf({ newestTransitionAt: null, lastEventAt: ago(HOLD_MS) })).toBe(2_000);
});

test("an event that became a dead letter does not make either side late", () => {
  expect(lagOf({ lastEventAt: ago(10_010), newestDeadLetterAt: ago(10_000) })).toBe(2_000);
});
