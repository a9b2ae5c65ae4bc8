import type { TimelineEntry } from "../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { Attempt, Transition } from "../../contracts/job.ts";
import { present } from "./job-row.ts";

export interface History {
  readonly createdAt: string;
  readonly receivedAt: string;
  readonly transitions: readonly Transition[];
  readonly attempts: readonly Attempt[];
  readonly events: readonly EventEnvelope[];
}

type Unplaced = Omit<TimelineEntry, "offsetMs">;

/** Of one instant, the cause comes before what tells of it. */
const KINDS: readonly TimelineEntry["kind"][] = ["hop", "transition", "attempt", "log", "event"];

/** The hops that a job passes, with the service at whose door each is. */
const HOPS = {
  acceptedAt: { title: "Accepted", service: "gateway" },
  confirmedAt: { title: "Confirmed by the broker", service: "gateway" },
  receivedAt: { title: "Received", service: "processor" },
  startedAt: { title: "Started", service: "processor" },
  finishedAt: { title: "Finished", service: "processor" },
} as const;

/** Everything that is known of a job as one list in the order of time. */
export function timelineOf(history: History): TimelineEntry[] {
  const start = Date.parse(history.createdAt);
  return [
    ...hopEntries(history),
    ...history.transitions.map(transitionEntry),
    ...history.attempts.flatMap(attemptEntries),
    ...history.events.map(eventEntry),
  ]
    .map((entry): TimelineEntry => ({ ...entry, offsetMs: Date.parse(entry.at) - start }))
    .sort(
      (a, b) =>
        a.offsetMs - b.offsetMs ||
        KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
        (a.sequence ?? 0) - (b.sequence ?? 0),
    );
}

/** Each hop once, though several events repeat it; the row knows two of them when the events are not there. */
function hopEntries({ createdAt, receivedAt, events }: History): Unplaced[] {
  const seen = new Map<string, Unplaced>();
  const pass = (name: keyof typeof HOPS, at: string) => {
    const { title, service } = HOPS[name];
    seen.set(`${name} ${Date.parse(at)}`, { at, kind: "hop", title, service });
  };
  pass("acceptedAt", createdAt);
  pass("receivedAt", receivedAt);
  for (const { hops } of events)
    for (const name of Object.keys(HOPS) as (keyof typeof HOPS)[]) {
      const at = hops?.[name];
      if (at !== undefined) pass(name, at);
    }
  return [...seen.values()];
}

function transitionEntry(transition: Transition): Unplaced {
  const { at, from, to, sequence, attempt, eventId, detail } = transition;
  return present({
    at,
    kind: "transition" as const,
    title: from === null ? to : `${from} → ${to}`,
    sequence,
    attempt,
    eventId,
    detail,
  });
}

function attemptEntries(attempt: Attempt): Unplaced[] {
  const { attempt: number, outcome, startedAt, durationMs, workerId, error, logs } = attempt;
  return [
    {
      at: startedAt,
      kind: "attempt",
      title: `Attempt ${number} ${outcome}`,
      attempt: number,
      durationMs,
      detail: { workerId, outcome, ...(error && { error }) },
    },
    ...logs.map(({ at, message }) => ({ at, kind: "log" as const, title: message, attempt: number })),
  ];
}

function eventEntry({ occurredAt, eventType, eventId, producer, payload }: EventEnvelope): Unplaced {
  const { sequence, attempt } = payload;
  return present({
    at: occurredAt,
    kind: "event" as const,
    title: eventType,
    sequence: typeof sequence === "number" ? sequence : undefined,
    attempt: typeof attempt === "number" ? attempt : undefined,
    eventId,
    service: producer.service,
  });
}
