import type { Judgment, Verdict } from "../ledger-judge.ts";
import type { Ended } from "../ledger-queries.ts";
import type { SealedSums } from "../ledger-seals.ts";

interface Found {
  readonly accepted?: number;
  readonly deadLettered?: number;
  readonly net?: Partial<Record<Ended, number>>;
  readonly accused?: Partial<Record<Verdict, readonly string[]>>;
}

/** Returns a judgment with the given values, and with 0 or nothing for all other values. */
export function judged({ accepted = 0, deadLettered = 0, net, accused = {} }: Found): Judgment {
  const none = { count: 0, check: "0".repeat(16) };
  const all = { COMPLETED: 0, FAILED: 0, CANCELLED: 0, REJECTED: 0, ...net };
  return {
    accepted,
    deadLettered,
    net: all,
    known: { jobs: accepted, ends: 0 },
    solid: { jobs: accepted, ends: 0 },
    unnamed: 0,
    store: { rows: none, ends: none, net: all, pruned: { rows: 0, ends: 0 } },
    accused: {
      lost: new Set(accused.lost),
      unobserved: new Set(accused.unobserved),
      duplicated: new Set(accused.duplicated),
    },
  };
}

export function sealedSums(sums: Partial<SealedSums>): SealedSums {
  return {
    until: null,
    unwitnessedUntil: null,
    accepted: 0,
    deadLettered: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    rejected: 0,
    vanished: 0,
    pruned: 0,
    reopened: 0,
    ...sums,
  };
}
