/**
 * The life of a session, as a table of what happens in each phase.
 *
 * `starting`: the command is being started; no viewer can attach yet.
 * `live`: the command runs, or has ended with output still to deliver, and at least one viewer is attached.
 * `detached`: no viewer is attached. The grace timer runs; a reconnect makes the session live again.
 * `closed`: final. The command has been ended, every viewer has been disconnected, the session is forgotten.
 *
 * Entering `live` stops the grace timer, entering `detached` starts it, entering `closed` releases everything.
 */
export type Phase = "starting" | "live" | "detached" | "closed";

export type SessionEvent =
  /** The command runs, with its first viewer attached. */
  | "started"
  | "start-failed"
  | "attached"
  /** The last viewer left. */
  | "deserted"
  | "grace-over"
  | "idle-over"
  /** The command has ended and every viewer has its last output. */
  | "finished"
  | "stopped";

const NEXT: Readonly<Record<Phase, Partial<Record<SessionEvent, Phase>>>> = {
  starting: { started: "live", "start-failed": "closed", stopped: "closed" },
  live: {
    attached: "live",
    deserted: "detached",
    "idle-over": "closed",
    finished: "closed",
    stopped: "closed",
  },
  detached: {
    attached: "live",
    "grace-over": "closed",
    "idle-over": "closed",
    // A command that ends while no viewer is attached keeps its last screen until the grace is over.
    finished: "detached",
    stopped: "closed",
  },
  closed: {},
};

/** Returns the phase after an event; undefined when this phase ignores the event. */
export function nextPhase(phase: Phase, event: SessionEvent): Phase | undefined {
  return NEXT[phase][event];
}
