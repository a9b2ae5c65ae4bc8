/**
 * A session's life cycle, as a table of transitions.
 *
 * `starting`: the command is being started; no viewer can attach yet.
 * `live`: the command runs, or has ended with output still to deliver, and at least one viewer is attached.
 * `detached`: no viewer is attached. The grace timer runs; a reconnect makes the session live again.
 * `closed`: final. The command has been ended, every viewer has been disconnected, and the session is forgotten.
 *
 * Entering `live` stops the grace timer, entering `detached` starts it, and entering `closed` releases everything.
 * `session.ts` keeps the timers; `config.ts` sets how long they run.
 */
export type Phase = "starting" | "live" | "detached" | "closed";

export type SessionEvent =
  /** The command runs, and its first viewer is about to attach. */
  | "started"
  | "start-failed"
  | "attached"
  /** The last viewer left. */
  | "deserted"
  | "grace-over"
  | "idle-over"
  /** The command has ended, and every viewer has received its last output. */
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
    // If a command ends while no viewer is attached, its last screen is kept until the grace period is over.
    finished: "detached",
    stopped: "closed",
  },
  closed: {},
};

/** Returns the phase after an event; undefined if the current phase ignores the event. */
export function nextPhase(phase: Phase, event: SessionEvent): Phase | undefined {
  return NEXT[phase][event];
}
