export type Engines = "full" | "embedded";

/** What an installation offers beside the core; what only one set of engines has is declared here and nowhere else. */
const TABLE = {
  full: { brokerManagement: true, separateEventStore: true, prometheus: true },
  embedded: { brokerManagement: false, separateEventStore: false, prometheus: false },
} as const satisfies Record<Engines, Record<string, boolean>>;

/** Which set of engines this is: events outside MongoDB are in the private PostgreSQL. */
export function enginesOf(eventsUrl: string): Engines {
  return eventsUrl.startsWith("mongodb") ? "full" : "embedded";
}

/** The capabilities of a set of engines. Alerts are there when an Alertmanager is configured. */
export function capabilitiesOf(engines: Engines, alertmanager: boolean): Record<string, boolean> {
  return { ...TABLE[engines], alerts: alertmanager };
}
