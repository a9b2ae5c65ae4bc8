import { Type } from "@sinclair/typebox";
import { pause } from "../async.ts";
import { defineJobType } from "./define.ts";

export default defineJobType({
  name: "sleep",
  version: "1.0.2",
  description:
    "Waits for a number of milliseconds; 0 returns immediately. Holds a slot while it waits, which leaves time to cancel the job or kill its worker",
  payload: Type.Object(
    { ms: Type.Integer({ minimum: 0, maximum: 3_600_000, default: 0 }) },
    { additionalProperties: false },
  ),
  example: { ms: 1_500 },
  badExamples: [{ seconds: 1 }],
  retry: { maxAttempts: 3, baseMs: 500, capMs: 10_000 },
  deadlineMs: 3_660_000,
  async run({ ms }, { signal, progress }) {
    const startedAt = Date.now();
    for (let left = ms; left > 0 && !signal.aborted; left = ms - (Date.now() - startedAt)) {
      await pause(Math.min(left, 500), signal);
      progress(Math.min(1, (Date.now() - startedAt) / ms));
    }
    signal.throwIfAborted();
    return { sleptMs: ms === 0 ? 0 : Date.now() - startedAt };
  },
});
