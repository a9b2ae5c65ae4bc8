import { expect, test } from "bun:test";
import jobType from "./hash.ts";
import { tryOut } from "./try-out.ts";

const sha256 = (bytes: string | NodeJS.TypedArray) => new Bun.CryptoHasher("sha256").update(bytes).digest();

test("hashes the text, then each digest, for the requested number of rounds", async () => {
  const { result } = await tryOut(jobType, { text: "observe", rounds: 3 });
  const digest = sha256(sha256(sha256("observe"))).toString("hex");
  expect(result).toEqual({ algorithm: "sha256", rounds: 3, digest });
});

test("reports progress, and stops at once when cancelled", async () => {
  const { progress } = await tryOut(jobType, { text: "", rounds: 250_000 });
  expect(progress).toEqual([0.4, 0.8]);
  const signal = AbortSignal.timeout(50);
  const hashed = tryOut(jobType, { text: "", rounds: 50_000_000 }, { signal });
  await expect(hashed).rejects.toHaveProperty("name", "TimeoutError");
});
