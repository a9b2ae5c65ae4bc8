import { describe, expect, test } from "bun:test";
import { createdEventId, newJobId } from "../contracts/ids.ts";
import { createEventMaker, decodeMessage, joinEnvelopes } from "./event.ts";

const makeEvent = createEventMaker({ service: "gateway", instanceId: "gateway-1", version: "1.0.0" });

function created() {
  const jobId = newJobId();
  return makeEvent({
    eventType: "job.created",
    eventId: createdEventId(jobId, "f"),
    correlationId: crypto.randomUUID(),
    payload: { jobId, jobType: "sleep", sequence: 0, payload: { ms: 1 }, fingerprint: "f", priority: 5 },
  });
}

const message = (...envelopes: unknown[]) => joinEnvelopes(envelopes.map((e) => JSON.stringify(e)));

test("creating an event that breaks its contract throws", () => {
  const jobId = newJobId();
  const facts = {
    eventType: "job.created",
    eventId: createdEventId(jobId, "f"),
    correlationId: crypto.randomUUID(),
    payload: { jobId, jobType: "sleep", sequence: 0, payload: {}, fingerprint: "f", priority: 5 },
  } as const;
  expect(() => makeEvent({ ...facts, correlationId: "00000000-0000-0000-0000-000000000000" })).toThrow(
    "gateway created a job.created that breaks its contract: /correlationId",
  );
  expect(() => makeEvent({ ...facts, payload: { ...facts.payload, priority: 10 } })).toThrow(
    "/payload/priority",
  );
  expect(() => makeEvent({ ...facts, traceparent: "no trace" })).toThrow("/traceparent");
});

describe("a message", () => {
  test("yields the same events that were written to it", () => {
    const events = [created(), created()];
    expect(decodeMessage(message(...events))).toEqual({ events, refused: [] });
  });

  test("may be a single envelope", () => {
    const event = created();
    expect(decodeMessage(Buffer.from(JSON.stringify(event))).events).toEqual([event]);
  });

  test("with one bad envelope yields the good ones, and the bad one with its own bytes and ids", () => {
    const good = created();
    const bad = { ...created(), occurredAt: "yesterday" };
    const { events, refused } = decodeMessage(message(good, bad));
    expect(events).toEqual([good]);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({
      reason: "CONTRACT_VIOLATION",
      jobId: bad.payload.jobId,
      eventId: bad.eventId,
    });
    expect(refused[0]?.detail).toContain("/occurredAt");
    expect(JSON.parse(Buffer.from(refused[0]!.original).toString())).toEqual(bad);
  });

  test("that is not JSON or not UTF-8 is refused as a whole, with its bytes", () => {
    for (const body of [Buffer.from("{"), Buffer.from([0xff, 0xfe]), Buffer.alloc(0)]) {
      const { events, refused } = decodeMessage(body);
      expect(events).toEqual([]);
      expect(refused).toMatchObject([{ reason: "MALFORMED", original: body }]);
    }
  });

  test("with another major version is distinguished from a broken one", () => {
    expect(decodeMessage(message({ ...created(), contractVersion: "2.0.0" })).refused[0]?.reason).toBe(
      "UNSUPPORTED_VERSION",
    );
    expect(decodeMessage(message({ ...created(), contractVersion: "1.7.0" })).events).toHaveLength(1);
    expect(decodeMessage(message({ ...created(), contractVersion: "one" })).refused[0]?.reason).toBe(
      "CONTRACT_VIOLATION",
    );
  });

  test("with fields that this version does not know is accepted", () => {
    expect(decodeMessage(message({ ...created(), later: true })).events).toHaveLength(1);
  });

  test.each([[null], [7], ["text"], [[]], [{ eventType: "job.exploded" }], [{ eventType: "__proto__" }]])(
    "that contains %p is refused",
    (envelope) => {
      expect(decodeMessage(message(envelope)).refused).toHaveLength(1);
    },
  );
});
