import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { JsonObject, published, SemVer, Timestamp, Uuid } from "./schema.ts";

/** The version that producers write. Consumers accept every minor version of this major. */
export const CONTRACT_VERSION = "1.0.0";

export const Producer = Type.Object({
  service: Type.String({ minLength: 1, maxLength: 64 }),
  instanceId: Type.String({ minLength: 1, maxLength: 128 }),
  version: SemVer,
});
export type Producer = Static<typeof Producer>;

/** When the job passed each hop; hops that the event's producer does not know are missing. */
export const Hops = Type.Object({
  acceptedAt: Type.Optional(Timestamp),
  confirmedAt: Type.Optional(Timestamp),
  receivedAt: Type.Optional(Timestamp),
  startedAt: Type.Optional(Timestamp),
  finishedAt: Type.Optional(Timestamp),
});
export type Hops = Static<typeof Hops>;

export const W3cTraceparent = Type.String({ pattern: "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$" });

/**
 * Builds the envelope schema for one kind of payload. Envelopes and payloads are open: consumers ignore unknown
 * fields, so a minor version can add fields.
 */
export function envelopeOf<E extends TSchema, P extends TSchema>(eventType: E, payload: P) {
  return Type.Object({
    contractVersion: SemVer,
    eventType,
    eventId: Uuid,
    occurredAt: Timestamp,
    producer: Producer,
    correlationId: Uuid,
    idempotencyKey: Type.String({ minLength: 1, maxLength: 255 }),
    payload,
    traceparent: Type.Optional(W3cTraceparent),
    causationId: Type.Optional(Uuid),
    hops: Type.Optional(Hops),
  });
}

export const EventEnvelope = published(
  "event-envelope",
  "1.0.1",
  envelopeOf(Type.String({ pattern: "^job\\.[a-z]+$", maxLength: 64 }), JsonObject),
);
export type EventEnvelope = Static<typeof EventEnvelope>;
