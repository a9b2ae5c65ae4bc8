import { Type } from "@sinclair/typebox";
import { defineJobType, JobFailure } from "./define.ts";

export default defineJobType({
  name: "flaky",
  version: "1.0.1",
  description: "Fails at random, or on its first tries. Shows retries that succeed",
  payload: Type.Object(
    {
      probability: Type.Optional(
        Type.Number({
          minimum: 0,
          maximum: 1,
          description: "The probability of failure; 0.5 if neither field is set",
        }),
      ),
      failFirst: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 100, description: "Fail this many tries, then succeed" }),
      ),
    },
    { additionalProperties: false },
  ),
  example: { failFirst: 2 },
  badExamples: [{ failFirst: -1 }],
  retry: { maxAttempts: 5, baseMs: 300, capMs: 5_000 },
  deadlineMs: 10_000,
  async run({ probability, failFirst }, { tryNumber, log }) {
    const fails =
      failFirst !== undefined && tryNumber <= failFirst
        ? `Told to fail its first ${failFirst} tries; this is try ${tryNumber}`
        : (probability !== undefined || failFirst === undefined) && Math.random() < (probability ?? 0.5)
          ? `Failed at random, with probability ${probability ?? 0.5}`
          : undefined;
    if (fails) throw new JobFailure("FLAKY", fails);
    log(`Succeeded on try ${tryNumber}`);
    return { tries: tryNumber };
  },
});
