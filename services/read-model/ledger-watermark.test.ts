import { expect, test } from "bun:test";
import { HOLD_MS, type Progress, watermarkOf } from "./ledger-watermark.ts";

// The watermark is the time up to which the ledger compares its two sides, the job store and the event store.

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

test("on an idle system the ledger's watermark is the snapshot's time minus the settle time", () => {
  expect(lagOf({})).toBe(2_000);
  expect(lagOf({}, 5_000)).toBe(7_000);
});

test("a queue with messages moves the watermark back to the newest record of its consumer", () => {
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

test("without a fresh snapshot the watermark stays at the newest record of the store that is behind", () => {
  expect(lagOf({ snapshot: null })).toBe(61_000);
  const old = { ...bus(), at: new Date(ago(20_000)).toISOString() };
  expect(lagOf({ snapshot: old })).toBe(61_000);
  expect(lagOf({ snapshot: null, lastEventAt: null })).toBe(now);
});

test("a store that is behind the other bounds the watermark while its missing records may still arrive", () => {
  expect(lagOf({ newestTransitionAt: ago(10_000) })).toBe(60_000);
  expect(lagOf({ lastEventAt: ago(10_000) })).toBe(60_000);
  expect(lagOf({ newestTransitionAt: ago(10_000), lastEventAt: ago(10_020) })).toBe(2_000);
});

test("a store that is behind the other no longer bounds the watermark once neither has recorded anything for 30 s", () => {
  expect(lagOf({ newestTransitionAt: ago(HOLD_MS), lastEventAt: ago(60_000) })).toBe(2_000);
  expect(lagOf({ newestTransitionAt: null, lastEventAt: ago(HOLD_MS) })).toBe(2_000);
});

test("an event that became a dead letter does not make either store count as behind", () => {
  expect(lagOf({ lastEventAt: ago(10_010), newestDeadLetterAt: ago(10_000) })).toBe(2_000);
});
