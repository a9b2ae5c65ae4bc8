import type { createRandom } from "../support/random.ts";

/** Jobs that succeed, retry, fan out or fail, and one that the gateway refuses. */
export const JOBS: readonly ((random: ReturnType<typeof createRandom>) => Record<string, unknown>)[] = [
  (random) => ({ type: "sleep", payload: { ms: random.between(0, 80) }, priority: random.between(0, 9) }),
  (random) => ({ type: "hash", payload: { text: "compose", rounds: random.between(1, 2_000) } }),
  (random) => ({ type: "flaky", payload: { failFirst: random.between(0, 2) } }),
  () => ({ type: "fan-out", payload: { count: 3, childMs: 5 } }),
  () => ({ type: "fail", maxAttempts: 1 }),
  // Refused with 4xx.
  () => ({ type: "hash", payload: { rounds: "many" } }),
];
