import { expect, test } from "bun:test";
import {
  isLegalMove,
  isTerminal,
  JOB_STATUSES,
  type JobStatus,
  LEGAL_MOVES,
  TERMINAL_STATUSES,
  WAITING_STATUSES,
} from "./job.ts";

/**
 * Written by hand, independently of the code. Each row is the status before a transition (`null`: the job does not
 * exist yet), each column the status after it.
 */
const TABLE = `
             PENDING VALIDATED SCHEDULED EXECUTING RETRYING COMPLETED FAILED CANCELLED REJECTED
  null       yes     -         -         -         -        -         -      -         -
  PENDING    -       yes       yes       -         -        -         -      -         yes
  VALIDATED  -       -         -         yes       -        -         -      yes       -
  SCHEDULED  -       -         -         yes       -        -         -      yes       -
  EXECUTING  -       -         -         -         yes      yes       yes    yes       -
  RETRYING   -       -         -         yes       -        -         -      yes       -
  COMPLETED  -       -         -         -         -        -         -      -         -
  FAILED     -       yes       -         -         -        -         -      -         -
  CANCELLED  -       yes       -         -         -        -         -      -         -
  REJECTED   -       yes       yes       -         -        -         -      -         -
`;
const [columns = [], ...rows] = TABLE.trim()
  .split("\n")
  .map((line) => line.trim().split(/\s+/));

test("the legal status transitions are exactly those in the table", () => {
  expect(columns).toEqual([...JOB_STATUSES]);
  expect(rows.map(([from]) => from)).toEqual(["null", ...JOB_STATUSES]);
  for (const [from, ...cells] of rows)
    for (const [i, to] of JOB_STATUSES.entries()) {
      const legal = isLegalMove(from === "null" ? null : (from as JobStatus), to);
      expect(`${from} to ${to}: ${legal}`).toBe(`${from} to ${to}: ${cells[i] === "yes"}`);
    }
});

test("a transition always changes the status", () => {
  for (const status of JOB_STATUSES) expect(isLegalMove(status, status)).toBe(false);
});

test("a job leaves a terminal status only through a person's retry or replay", () => {
  for (const status of JOB_STATUSES) {
    expect(isTerminal(status)).toBe((TERMINAL_STATUSES as readonly string[]).includes(status));
    const waits = status === "REJECTED" ? ["VALIDATED", "SCHEDULED"] : ["VALIDATED"];
    if (isTerminal(status)) expect(LEGAL_MOVES[status].filter((to) => !waits.includes(to))).toEqual([]);
  }
});

test("only waiting jobs can be claimed", () => {
  const claimable = JOB_STATUSES.filter((status) => isLegalMove(status, "EXECUTING"));
  expect(claimable).toEqual([...WAITING_STATUSES]);
});

test("every status can be reached from creation, and can reach a terminal status", () => {
  const reachable = (from: JobStatus | "null", seen = new Set<JobStatus>()): Set<JobStatus> => {
    for (const to of LEGAL_MOVES[from]) if (!seen.has(to)) reachable(to, seen.add(to));
    return seen;
  };
  expect(reachable("null")).toEqual(new Set(JOB_STATUSES));
  for (const status of JOB_STATUSES)
    expect(isTerminal(status) || [...reachable(status)].some(isTerminal)).toBe(true);
});
