import { expect, test } from "bun:test";
import jobType from "./fail.ts";
import { tryOut } from "./try-out.ts";

test("fails with the given message, and is retryable unless the payload says otherwise", async () => {
  const message = "Out of coffee";
  await expect(tryOut(jobType, { message })).rejects.toMatchObject({ message, options: { retryable: true } });
  await expect(tryOut(jobType, { retryable: false })).rejects.toMatchObject({
    code: "ALWAYS_FAILS",
    options: { retryable: false },
  });
});
