import { type Static, Type } from "@sinclair/typebox";
import { JsonObject, published, SemVer } from "./schema.ts";

/** The delay before a retry: exponential backoff with full jitter, `random(0, min(capMs, baseMs · 2ⁿ))`. */
export const RetryPolicy = Type.Object({
  maxAttempts: Type.Integer({ minimum: 1, maximum: 100 }),
  baseMs: Type.Integer({ minimum: 0 }),
  capMs: Type.Integer({ minimum: 0 }),
});
export type RetryPolicy = Static<typeof RetryPolicy>;

/**
 * Combines a version's major and minor into one comparable number. The patch number is left out, because a patch never
 * changes which payloads are valid.
 */
export function versionRank(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 10_000 + minor;
}

/** Formats a rank as `major.minor`. */
export const rankText = (rank: number) => `${Math.floor(rank / 10_000)}.${rank % 10_000}`;

/** A job type as `GET /job-types` shows it. */
export const JobTypeInfo = published(
  "job-type",
  "1.0.0",
  Type.Object({
    name: Type.String({ pattern: "^[a-z][a-z0-9-]{0,63}$" }),
    version: SemVer,
    description: Type.String(),
    retry: RetryPolicy,
    deadlineMs: Type.Integer({ minimum: 1 }),
    payloadSchema: JsonObject,
    example: JsonObject,
  }),
);
export type JobTypeInfo = Static<typeof JobTypeInfo>;
