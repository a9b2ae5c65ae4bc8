import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { DeadLetterReason } from "../contracts/dead-letter.ts";
import { CONTRACT_VERSION, type Producer } from "../contracts/envelope.ts";
import {
  EVENT_SCHEMAS,
  EVENT_TYPES,
  type EventPayload,
  type EventType,
  type JobEvent,
} from "../contracts/events.ts";
import { isUuid } from "../contracts/schema.ts";

const CHECKERS = Object.fromEntries(
  EVENT_TYPES.map((eventType) => [eventType, TypeCompiler.Compile(EVENT_SCHEMAS[eventType])]),
);
const MAJOR = CONTRACT_VERSION.slice(0, CONTRACT_VERSION.indexOf("."));

export interface EventFacts<E extends EventType> {
  readonly eventType: E;
  readonly eventId: string;
  readonly correlationId: string;
  /** Of `job.created`, the idempotency key of the request, if it had one; defaults to the event id. */
  readonly idempotencyKey?: string;
  readonly payload: EventPayload<E>;
  readonly occurredAt?: string;
  readonly traceparent?: string | undefined;
  readonly causationId?: string;
  readonly hops?: JobEvent["hops"];
}

/**
 * Returns a function that creates one producer's events. Every event in the system is created here and passes the same
 * check that its consumers apply. If an event would break the contract, the function throws, so such an event is never
 * published, and the gateway does not accept its job.
 */
export function createEventMaker(producer: Producer) {
  return <E extends EventType>(facts: EventFacts<E>): JobEvent<E> => {
    const event = {
      contractVersion: CONTRACT_VERSION,
      eventType: facts.eventType,
      eventId: facts.eventId,
      occurredAt: facts.occurredAt ?? new Date().toISOString(),
      producer,
      correlationId: facts.correlationId,
      idempotencyKey: facts.idempotencyKey ?? facts.eventId,
      payload: facts.payload,
      ...(facts.traceparent && { traceparent: facts.traceparent }),
      ...(facts.causationId && { causationId: facts.causationId }),
      ...(facts.hops && { hops: facts.hops }),
    } as JobEvent<E>;
    const fault = faultOf(event);
    if (fault)
      throw new Error(
        `${producer.service} created a ${facts.eventType} that breaks its contract: ${fault.detail}`,
      );
    return event;
  };
}
export type EventMaker = ReturnType<typeof createEventMaker>;

/** An envelope that broke its contract. `original` holds the envelope's own bytes, not the whole message's. */
export interface RefusedEnvelope {
  readonly original: Uint8Array;
  readonly reason: DeadLetterReason;
  readonly detail: string;
  readonly jobId?: string;
  readonly eventId?: string;
}

export interface DecodedMessage {
  readonly events: readonly JobEvent[];
  readonly refused: readonly RefusedEnvelope[];
}

/** Joins envelopes, which are already JSON text, into a message body. */
export function joinEnvelopes(envelopes: readonly string[]): Uint8Array {
  return Buffer.from(`[${envelopes.join(",")}]`);
}

/**
 * Reads a message, which is one envelope or an array of them, in UTF-8 JSON. Never throws: envelopes that break their
 * contract are returned separately, so a bad envelope does not affect the good ones.
 */
export function decodeMessage(body: Uint8Array): DecodedMessage {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    return {
      events: [],
      refused: [
        { original: body, reason: "MALFORMED", detail: `Not JSON in UTF-8: ${(error as Error).message}` },
      ],
    };
  }
  const alone = !Array.isArray(value);
  const events: JobEvent[] = [];
  const refused: RefusedEnvelope[] = [];
  for (const envelope of alone ? [value] : (value as unknown[])) {
    const fault = faultOf(envelope);
    if (!fault) events.push(envelope as JobEvent);
    else
      refused.push({
        ...fault,
        original: alone ? body : Buffer.from(JSON.stringify(envelope)),
        ...idsOf(envelope),
      });
  }
  return { events, refused };
}

function faultOf(envelope: unknown): { reason: DeadLetterReason; detail: string } | undefined {
  if (typeof envelope !== "object" || envelope === null)
    return {
      reason: "CONTRACT_VIOLATION",
      detail: `The envelope is ${envelope === null ? "null" : `a ${typeof envelope}`}, expected an object`,
    };
  const { contractVersion, eventType } = envelope as Record<string, unknown>;
  if (
    typeof contractVersion === "string" &&
    /^\d+\./.test(contractVersion) &&
    !contractVersion.startsWith(`${MAJOR}.`)
  )
    return {
      reason: "UNSUPPORTED_VERSION",
      detail: `contractVersion is ${contractVersion.slice(0, 32)}; this consumer reads ${MAJOR}.x`,
    };
  const checker =
    typeof eventType === "string" && Object.hasOwn(CHECKERS, eventType) ? CHECKERS[eventType] : undefined;
  if (!checker)
    return {
      reason: "CONTRACT_VIOLATION",
      detail: `eventType is ${JSON.stringify(eventType)?.slice(0, 80)}; the known types are ${EVENT_TYPES.join(", ")}`,
    };
  if (checker.Check(envelope)) return undefined;
  const first = checker.Errors(envelope).First();
  return {
    reason: "CONTRACT_VIOLATION",
    detail: `${first?.path || "/"}: ${first?.message ?? "does not match its schema"}`,
  };
}

function idsOf(envelope: unknown): { jobId?: string; eventId?: string } {
  const { eventId, payload } = (envelope ?? {}) as { eventId?: unknown; payload?: { jobId?: unknown } };
  const jobId = payload?.jobId;
  return {
    ...(isUuid(jobId) && { jobId }),
    ...(isUuid(eventId) && { eventId }),
  };
}
