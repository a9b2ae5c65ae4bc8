import { expect, test } from "bun:test";
import { newJobId } from "../../contracts/ids.ts";
import type { CreatedEvent } from "../../shared/observations/port.ts";
import { type JudgeParts, judge } from "./ledger-judge.ts";
import type { CreatedFate } from "./ledger-queries.ts";

const NONE = { count: 0, check: "0000000000000000" };
const SPAN = { from: new Date(0), before: new Date(1_000) };

/** Builds a span with one `job.created` event per fate, which is what the job store says about the event's job. */
function partsOf(fates: readonly CreatedFate[], prunedRows: number): JudgeParts {
  const created = fates.map((): CreatedEvent => ({ jobId: newJobId(), eventId: crypto.randomUUID() }));
  return {
    signal: AbortSignal.timeout(10_000),
    queries: {
      sums: async () => ({
        rows: NONE,
        ends: NONE,
        net: { COMPLETED: 0, FAILED: 0, CANCELLED: 0, REJECTED: 0 },
        pruned: { rows: prunedRows, ends: 0 },
      }),
      contradictions: async () => [],
      rows: async () => [],
      ends: async () => [],
      fates: async () => [...fates],
    } as Pick<
      JudgeParts["queries"],
      "sums" | "contradictions" | "rows" | "ends" | "fates"
    > as JudgeParts["queries"],
    observations: {
      ledgerSums: async () => ({ created: { count: created.length, check: "1" }, ended: NONE }),
      async *createdEvents() {
        yield created;
      },
      async *terminalEvents() {
        yield [];
      },
      storedIds: async () => new Set<string>(),
    },
  };
}

test("a repeated job.created of a job that was pruned from another span counts as neither an accepted nor a known job", async () => {
  expect(await judge(partsOf(["pruned"], 0), SPAN)).toMatchObject({ accepted: 0, known: { jobs: 0 } });
  // If the job was pruned from this span, its acceptance belongs to this span and counts.
  expect(await judge(partsOf(["pruned"], 1), SPAN)).toMatchObject({ accepted: 1, known: { jobs: 1 } });
  expect(await judge(partsOf(["pruned", "pruned", "FAILED"], 1), SPAN)).toMatchObject({ accepted: 2 });
});
