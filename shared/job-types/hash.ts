import { Type } from "@sinclair/typebox";
import { defineJobType } from "./define.ts";
import { HASH_THREADS, hashInWorker } from "./hash-pool.ts";

export default defineJobType({
  name: "hash",
  version: "1.0.0",
  description:
    "Hashes a text with many rounds of SHA-256, on another thread. Does real CPU work and reports progress",
  payload: Type.Object(
    {
      text: Type.String({ maxLength: 32_768 }),
      rounds: Type.Integer({ minimum: 1, maximum: 50_000_000, default: 1 }),
    },
    { additionalProperties: false },
  ),
  example: { text: "observe", rounds: 200_000 },
  retry: { maxAttempts: 3, baseMs: 500, capMs: 10_000 },
  deadlineMs: 300_000,
  maxRunning: HASH_THREADS,
  async run({ text, rounds }, { signal, progress, log }) {
    log(`Hashing ${text.length} characters, ${rounds} rounds`);
    const digest = await hashInWorker(
      { text, rounds },
      { signal, onProgress: (fraction) => progress(fraction) },
    );
    return { algorithm: "sha256", rounds, digest };
  },
});
