/**
 * How the broker treats messages published on a connection:
 *
 * - *detached*: there is no connection. Connecting leaves this state; losing the connection enters it from any other
 *   state.
 * - *taking*: messages are confirmed in time.
 * - *blocked*: the broker has announced that it accepts no messages (memory or disk alarm). Unconfirmed messages are
 *   not sent again: the broker confirms them once it is unblocked.
 * - *stalled*: the broker has been blocked for so long that a confirm is late. Further messages are refused.
 * - *silent*: a confirm is late, but the broker has not announced that it is blocked. Further messages are refused. A
 *   check for late confirms that ends in this state drops the connection.
 *
 * A confirm leaves *stalled* and *silent*, and so does a check that finds no late confirm.
 */
export type BrokerState = "detached" | "taking" | "blocked" | "stalled" | "silent";

export type BrokerEvent = "attached" | "lost" | "blocked" | "unblocked" | "confirmed" | "late" | "inTime";

const CONNECTION = { attached: "taking", lost: "detached" } as const;

const NEXT: Readonly<Record<BrokerState, Partial<Record<BrokerEvent, BrokerState>>>> = {
  detached: CONNECTION,
  taking: { ...CONNECTION, blocked: "blocked", late: "silent" },
  blocked: { ...CONNECTION, unblocked: "taking", late: "stalled" },
  stalled: { ...CONNECTION, unblocked: "silent", confirmed: "blocked", inTime: "blocked" },
  silent: { ...CONNECTION, blocked: "stalled", confirmed: "taking", inTime: "taking" },
};

/** Returns the state after an event; an event that has no meaning in the current state changes nothing. */
export const nextBrokerState = (state: BrokerState, event: BrokerEvent): BrokerState =>
  NEXT[state][event] ?? state;

/** The reasons why messages cannot be published, by state; a state without a reason accepts messages. */
export const REFUSALS: Readonly<Partial<Record<BrokerState, string>>> = {
  detached: "The broker is not connected",
  stalled: "The broker is not confirming messages",
  silent: "The broker is not confirming messages",
};
