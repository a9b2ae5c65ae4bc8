import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { Ledger } from "../../contracts/api-queries.ts";
import { createAccount } from "./ledger-account.ts";

const watermark = new Date("2026-01-02T12:00:00Z");
const from = new Date("2026-01-01T12:00:00Z");
const closing = {
  watermark,
  from,
  now: new Date(watermark.getTime() + 7_000),
  settleMs: 5_000,
  newestAt: watermark.getTime() - 1,
  waitingFor: [],
  live: 0,
  deadLetters: 0,
  onlyDeadLetters: [],
};
const jobId = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

test("every accepted job is in exactly one place", () => {
  const account = createAccount();
  for (const fate of ["COMPLETED", "COMPLETED", "FAILED", "CANCELLED", "REJECTED", "deadLettered"] as const)
    account.accept(fate);
  expect(account.close(closing)).toMatchObject({
    accepted: 6,
    completed: 2,
    failed: 1,
    cancelled: 1,
    rejected: 1,
    deadLettered: 1,
    inFlight: 0,
    balanced: true,
    settled: true,
  });
  for (const fate of ["PENDING", "VALIDATED", "SCHEDULED", "EXECUTING", "RETRYING"] as const)
    account.accept(fate);
  const ledger = account.close(closing);
  expect(ledger).toMatchObject({ accepted: 11, inFlight: 5, balanced: true, settled: false });
  expect(Value.Check(Ledger, ledger)).toBe(true);
});

test("it is not settled while anything lives or came after the watermark", () => {
  const settled = (part: Partial<typeof closing>) => createAccount().close({ ...closing, ...part }).settled;
  expect(settled({})).toBe(true);
  expect(settled({ live: 1 })).toBe(false);
  expect(settled({ newestAt: watermark.getTime() })).toBe(false);
  expect(createAccount().close(closing)).toMatchObject({ behindMs: 7_000, settleMs: 5_000, inFlight: 0 });
});

test("each accusation alone unbalances it and names its job once", () => {
  for (const accusation of ["unobserved", "duplicated", "lost"] as const) {
    const account = createAccount();
    account.accuse(accusation, jobId(1));
    account.accuse(accusation, jobId(1));
    const ledger = account.close(closing);
    expect(ledger.balanced).toBe(false);
    expect(ledger[accusation]).toEqual({ count: 1, ids: [jobId(1)] });
  }
});

test("a lost job is accepted and nowhere else", () => {
  const account = createAccount();
  account.acceptLost(jobId(7));
  expect(account.close(closing)).toMatchObject({
    accepted: 1,
    inFlight: 0,
    lost: { count: 1, ids: [jobId(7)] },
    balanced: false,
  });
});

test("thousands are counted and the first hundred named", () => {
  const account = createAccount();
  for (let n = 0; n < 12_000; n++) account.acceptLost(jobId(n));
  const { lost } = account.close(closing);
  expect(lost.count).toBe(12_000);
  expect(lost.ids).toHaveLength(100);
  expect(lost.ids[0]).toBe(jobId(0));
});
