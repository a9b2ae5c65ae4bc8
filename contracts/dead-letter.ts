import { type Static, Type } from "@sinclair/typebox";
import { Count, published, StringEnum, Timestamp, Uuid } from "./schema.ts";

export const DEAD_LETTER_REASONS = [
  "MALFORMED",
  "CONTRACT_VIOLATION",
  "UNSUPPORTED_VERSION",
  "UNKNOWN_JOB_TYPE",
  "INVALID_PAYLOAD",
  "IDEMPOTENCY_CONFLICT",
  "DELIVERY_LIMIT",
  "PARKED",
  "OUT_OF_TRIES",
] as const;
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];
export const DeadLetterReason = StringEnum(DEAD_LETTER_REASONS);

/** The message sent to `jobs.failed.validation`: the original bytes, and the refusal's reason, time and origin. */
export const RefusedMessage = published(
  "refused-message",
  "1.1.1",
  Type.Object({
    id: Uuid,
    reason: DeadLetterReason,
    detail: Type.String({ maxLength: 2_000 }),
    refusedAt: Timestamp,
    service: Type.String(),
    queue: Type.String(),
    original: Type.String({ description: "The original bytes in base64 (RFC 4648)" }),
    parkedBecause: Type.Optional(
      Type.String({ description: "Why a message in `messages.parked` could not be filed as a dead letter" }),
    ),
    jobId: Type.Optional(Uuid),
    eventId: Type.Optional(Uuid),
  }),
);
export type RefusedMessage = Static<typeof RefusedMessage>;

/** A dead letter as the APIs show it: a refused message, or a job that failed permanently. */
export const DeadLetter = published(
  "dead-letter",
  "1.1.1",
  Type.Object({
    id: Uuid,
    kind: StringEnum(["message", "job"]),
    reason: DeadLetterReason,
    detail: Type.String(),
    service: Type.String(),
    queue: Type.String(),
    diedAt: Timestamp,
    body: Type.String({ description: "The original text. Bytes that are not UTF-8 are shown as U+FFFD" }),
    bodyBase64: Type.Optional(
      Type.String({ description: "The original bytes in base64; set only if they are not UTF-8" }),
    ),
    jobId: Type.Optional(Uuid),
    eventId: Type.Optional(Uuid),
    replays: Count,
    replayedAt: Type.Optional(Timestamp),
    replayedAs: Type.Optional(Uuid),
  }),
);
export type DeadLetter = Static<typeof DeadLetter>;
