import type { TimelineEntry } from "../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { Attempt, AttemptError, Transition } from "../../contracts/job.ts";
import { statusWord } from "../../contracts/status-words.ts";
import { omitUndefined } from "./job-row.ts";

export interface History {
  readonly createdAt: string;
  readonly receivedAt: string;
  readonly transitions: readonly Transition[];
  readonly attempts: readonly Attempt[];
  readonly events: readonly EventEnvelope[];
}

/**
 * An entry with its rank among entries of the same instant: hops (the points that a job passes between acceptance and
 * its end) come first, then transitions with their attempts, then events.
 */
interface Unplaced extends Omit<TimelineEntry, "offsetMs"> {
  readonly rank: number;
}
const HOP = -1;
const EVENT = 1_000_000_000;
/** Rank offsets of an attempt's parts, which lie between the transition that started it and the next one. */
const PART = { start: 0.1, log: 0.2, end: 0.3 } as const;

/** A job's hops, each with the service that records it. */
const HOPS = {
  acceptedAt: { title: "Accepted", service: "gateway" },
  confirmedAt: { title: "Confirmed by the broker", service: "gateway" },
  receivedAt: { title: "Received", service: "processor" },
  startedAt: { title: "Started", service: "processor" },
  finishedAt: { title: "Finished", service: "processor" },
} as const;

/** Returns a job's history as one chronological list. At the same instant, causes come before effects. */
export function timelineOf(history: History): TimelineEntry[] {
  const start = Date.parse(history.createdAt);
  const begun = new Map(
    history.transitions
      .filter(({ to }) => to === "EXECUTING")
      .map(({ attempt, sequence }) => [attempt, sequence]),
  );
  return [
    ...hopEntries(history),
    ...history.transitions.map(transitionEntry),
    ...history.attempts.flatMap((attempt) => attemptEntries(attempt, begun.get(attempt.attempt) ?? 0)),
    ...history.events.map(eventEntry),
  ]
    .map((entry) => ({ entry, offsetMs: Date.parse(entry.at) - start }))
    .sort((a, b) => a.offsetMs - b.offsetMs || a.entry.rank - b.entry.rank)
    .map(({ entry: { rank: _, ...entry }, offsetMs }): TimelineEntry => ({ ...entry, offsetMs }));
}

/**
 * Lists each hop once, although several events repeat it. `acceptedAt` and `receivedAt` come from the job's row, so
 * they are listed even without events.
 */
function hopEntries({ createdAt, receivedAt, events }: History): Unplaced[] {
  const seen = new Map<string, Unplaced>();
  const pass = (name: keyof typeof HOPS, at: string) => {
    const { title, service } = HOPS[name];
    seen.set(`${name} ${Date.parse(at)}`, { at, kind: "hop", title, service, rank: HOP });
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
  return omitUndefined({
    at,
    kind: "transition" as const,
    title: from === null ? statusWord(to) : `${statusWord(from)} → ${statusWord(to)}`,
    rank: sequence,
    sequence,
    attempt,
    eventId,
    detail,
  });
}

/** The attempt holds the stack trace; the timeline only names the failure. */
const withoutStack = ({ code, message, fingerprint }: AttemptError) => ({ code, message, fingerprint });

/**
 * Lists an attempt's start, log lines and end. The end of a lost attempt is the time at which the loss was noticed,
 * perhaps long after its worker died.
 */
function attemptEntries(attempt: Attempt, begun: number): Unplaced[] {
  const { attempt: number, run, outcome, startedAt, finishedAt, durationMs, workerId, error, logs } = attempt;
  const title = run > 1 ? `Attempt ${number} (run ${run})` : `Attempt ${number}`;
  const common = { kind: "attempt", attempt: number } as const;
  return [
    {
      ...common,
      at: startedAt,
      title: `${title} started`,
      detail: { workerId, run },
      rank: begun + PART.start,
    },
    ...logs.map(({ at, message }) => ({
      at,
      kind: "log" as const,
      title: message,
      attempt: number,
      rank: begun + PART.log,
    })),
    {
      ...common,
      at: finishedAt,
      title: `${title} ${outcome}`,
      durationMs,
      detail: { workerId, run, outcome, ...(error && { error: withoutStack(error) }) },
      rank: begun + PART.end,
    },
  ];
}

function eventEntry({ occurredAt, eventType, eventId, producer, payload }: EventEnvelope): Unplaced {
  const { sequence, attempt } = payload;
  return omitUndefined({
    at: occurredAt,
    kind: "event" as const,
    title: eventType,
    rank: EVENT + (typeof sequence === "number" ? sequence : 0),
    sequence: typeof sequence === "number" ? sequence : undefined,
    attempt: typeof attempt === "number" ? attempt : undefined,
    eventId,
    service: producer.service,
  });
}
