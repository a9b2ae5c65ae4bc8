export type Engines = "full" | "embedded";

/** The features that depend on the engine set, for clients that show or hide parts accordingly. */
const TABLE = {
  full: { brokerManagement: true, separateEventStore: true },
  embedded: { brokerManagement: false, separateEventStore: false },
} as const satisfies Record<Engines, Record<string, boolean>>;

/** Derives the engine set from the event store: only the full set has MongoDB. */
export function enginesOf(eventsUrl: string): Engines {
  return eventsUrl.startsWith("mongodb") ? "full" : "embedded";
}

/** Capabilities that do not depend on the engine set. */
export interface Observers {
  readonly prometheus: boolean;
  readonly alertmanager: boolean;
}

/** Returns the capabilities that `/overview` reports. */
export function capabilitiesOf(
  engines: Engines,
  { prometheus, alertmanager }: Observers,
): Record<string, boolean> {
  return { ...TABLE[engines], prometheus, alerts: alertmanager };
}
