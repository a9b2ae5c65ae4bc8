import type { EventEnvelope } from "../contracts/envelope.ts";

/** Returns the events that contain every word of a text in their type, producing service or payload. */
export function filterEvents(events: readonly EventEnvelope[], text: string): readonly EventEnvelope[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return events;
  return events.filter(({ eventType, producer, payload }) => {
    const searched = `${eventType} ${producer.service} ${JSON.stringify(payload)}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
}
