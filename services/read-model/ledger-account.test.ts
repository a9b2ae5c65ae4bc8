import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Ledger } from "../../contracts/api-queries.ts";
import { createAccount } from "./ledger-account.ts";
import { judged, sealedSums } from "./testing/judged.ts";

const watermark = new Date("2026-01-02T12:00:00Z");
const closing = {
  watermark,
  wanted: watermark,
  from: null,
  now: new Date(watermark.getTime() + 7_000),
  settleMs: 5_000,
  newestAt: watermark.getTime() - 1,
  waitingFor: [],
  live: 0,
  deadLetters: 0,
  onlyDeadLetters: [],
};
const jobId = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

test("each accepted job is counted once, whether the result for its span of time is already stored (sealed) or newly computed", () => {
  const account = createAccount();
  account.addSealed(sealedSums({ accepted: 4, completed: 2, failed: 1, cancelled: 1, until: watermark }), []);
  account.add(judged({ accepted: 3, deadLettered: 1, net: { COMPLETED: 0, REJECTED: 1, FAILED: 1 } }));
  expect(account.close(closing)).toMatchObject({
    accepted: 7,
    completed: 2,
    failed: 2,
    cancelled: 1,
    rejected: 1,
    deadLettered: 1,
    inFlight: 0,
    balanced: true,
    settled: true,
    sealedUntil: watermark.toISOString(),
  });
  // Retrying a job removes it from an earlier span's failed jobs.
  account.add(judged({ accepted: 4, net: { FAILED: -1 } }));
  const ledger = account.close(closing);
  expect(ledger).toMatchObject({ accepted: 11, failed: 1, inFlight: 5, balanced: true, settled: false });
  expect(Value.Check(Ledger, ledger)).toBe(true);
});

test("the ledger is not settled while a job is unfinished or newer than the watermark, or while a sealed span must be judged again", () => {
  const settled = (part: Partial<typeof closing>) => createAccount().close({ ...closing, ...part }).settled;
  expect(settled({})).toBe(true);
  expect(settled({ live: 1 })).toBe(false);
  expect(settled({ newestAt: watermark.getTime() })).toBe(false);
  expect(createAccount().close(closing)).toMatchObject({ behindMs: 7_000, settleMs: 5_000, inFlight: 0 });
  const account = createAccount();
  account.addSealed(sealedSums({ reopened: 2 }), []);
  expect(account.close(closing)).toMatchObject({
    settled: false,
    reopened: 2,
    waitingFor: [{ what: "ledger" }],
  });
});

test("if the watermark is held back because sealing lags, the ledger reports that it is waiting for itself", () => {
  const wanted = new Date(watermark.getTime() + 60_000);
  expect(createAccount().close({ ...closing, wanted }).waitingFor).toMatchObject([{ what: "ledger" }]);
  expect(createAccount().close(closing).waitingFor).toEqual([]);
});

test("before its first span is sealed, the ledger is not settled, and `behindMs` counts from 1970", () => {
  const ledger = createAccount().close({ ...closing, watermark: new Date(0), wanted: watermark });
  expect(ledger).toMatchObject({
    behindMs: closing.now.getTime(),
    settled: false,
    waitingFor: [{ what: "ledger", since: null, message: "The ledger itself, which has sealed nothing yet" }],
  });
  expect(Value.Check(Ledger, ledger)).toBe(true);
});

test("a single lost, unobserved or duplicated job unbalances the ledger and is listed once", () => {
  for (const verdict of ["lost", "unobserved", "duplicated"] as const) {
    const account = createAccount();
    account.addSealed(sealedSums({}), [{ verdict, jobId: jobId(1) }]);
    account.add(judged({ accused: { [verdict]: [jobId(1)] } }));
    const ledger = account.close(closing);
    expect(ledger.balanced).toBe(false);
    expect(ledger[verdict]).toEqual({ count: 1, ids: [jobId(1)] });
  }
});

test("a lost job counts as accepted but not as in flight; a job that vanished from both stores counts as lost, without an id", () => {
  const account = createAccount();
  account.addSealed(sealedSums({ vanished: 1 }), []);
  account.add(judged({ accepted: 1, accused: { lost: [jobId(7)] } }));
  expect(account.close(closing)).toMatchObject({
    accepted: 1,
    inFlight: 0,
    lost: { count: 2, ids: [jobId(7)] },
    balanced: false,
  });
});

test("thousands of lost jobs are counted, but only the first hundred are listed", () => {
  const account = createAccount();
  account.add(judged({ accused: { lost: Array.from({ length: 12_000 }, (_, n) => jobId(n)) } }));
  const { lost } = account.close(closing);
  expect(lost.count).toBe(12_000);
  expect(lost.ids).toHaveLength(100);
  expect(lost.ids[0]).toBe(jobId(0));
});
