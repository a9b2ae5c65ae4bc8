import type { EventEnvelope } from "../contracts/envelope.ts";

/** The events that say every word of a text: in their type, the service that produced them, or their payload. */
export function filterEvents(events: readonly EventEnvelope[], text: string): readonly EventEnvelope[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return events;
  return events.filter(({ eventType, producer, payload }) => {
    const said = `${eventType} ${producer.service} ${JSON.stringify(payload)}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
}
