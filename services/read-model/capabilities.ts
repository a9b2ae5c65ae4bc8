export type Engines = "full" | "embedded";

/**
 * What an installation offers beyond the core. Anything that only one set of engines has is declared here and nowhere
 * else.
 */
const TABLE = {
  full: { brokerManagement: true, separateEventStore: true },
  embedded: { brokerManagement: false, separateEventStore: false },
} as const satisfies Record<Engines, Record<string, boolean>>;

/** Which set of engines this is: events outside MongoDB mean the private PostgreSQL. */
export function enginesOf(eventsUrl: string): Engines {
  return eventsUrl.startsWith("mongodb") ? "full" : "embedded";
}

/** The capabilities that do not depend on the choice of engines. */
export interface Observers {
  readonly prometheus: boolean;
  readonly alertmanager: boolean;
}

/** The capabilities of a set of engines, and of what watches it. */
export function capabilitiesOf(
  engines: Engines,
  { prometheus, alertmanager }: Observers,
): Record<string, boolean> {
  return { ...TABLE[engines], prometheus, alerts: alertmanager };
}
