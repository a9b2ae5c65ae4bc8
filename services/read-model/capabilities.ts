export type Engines = "full" | "embedded";

/**
 * Features beyond the core, by engine set. A feature that only one set has is declared here and nowhere else.
 */
const TABLE = {
  full: { brokerManagement: true, separateEventStore: true },
  embedded: { brokerManagement: false, separateEventStore: false },
} as const satisfies Record<Engines, Record<string, boolean>>;

/** Derives the engine set from the event store: only the full set has MongoDB. */
export function enginesOf(eventsUrl: string): Engines {
  return eventsUrl.startsWith("mongodb") ? "full" : "embedded";
}

/** The capabilities that do not depend on the engine set. */
export interface Observers {
  readonly prometheus: boolean;
  readonly alertmanager: boolean;
}

/** Returns the capabilities of an engine set with its observers. */
export function capabilitiesOf(
  engines: Engines,
  { prometheus, alertmanager }: Observers,
): Record<string, boolean> {
  return { ...TABLE[engines], prometheus, alerts: alertmanager };
}
