import { expect, test } from "bun:test";
import { EVENT_TYPES } from "../../contracts/events.ts";
import { decodeMessage } from "../../shared/event.ts";
import { sampleEvent } from "./sample-events.ts";

test("a sample event of every type matches the event contract", () => {
  const samples = EVENT_TYPES.map((eventType) => sampleEvent(eventType));
  expect(decodeMessage(Buffer.from(JSON.stringify(samples)))).toEqual({ events: samples, refused: [] });
});
