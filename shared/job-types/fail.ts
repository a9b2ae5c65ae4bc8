import { Type } from "@sinclair/typebox";
import { defineJobType, JobFailure } from "./define.ts";

export default defineJobType({
  name: "fail",
  version: "1.0.0",
  description: "Always fails. Shows retries, then a dead letter to replay",
  payload: Type.Object(
    {
      message: Type.String({ maxLength: 500, default: "This job type always fails" }),
      retryable: Type.Boolean({ default: true }),
    },
    { additionalProperties: false },
  ),
  example: { message: "Out of coffee" },
  retry: { maxAttempts: 3, baseMs: 400, capMs: 5_000 },
  deadlineMs: 10_000,
  async run({ message, retryable }) {
    throw new JobFailure("ALWAYS_FAILS", message, { retryable });
  },
});
