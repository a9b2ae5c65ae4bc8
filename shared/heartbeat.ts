import { PTY_HEARTBEAT_MS } from "../contracts/pty.ts";

export interface HeartbeatOptions {
  /** Sends a `ping`; called once nothing has been heard for a whole beat. */
  readonly ping: () => void;
  /** Called once, when the other end did not answer the ping within another beat. */
  readonly onSilence: () => void;
  readonly everyMs?: number;
}

export interface Heartbeat {
  /** Call it whenever anything arrives from the other end. */
  heard(): void;
  stop(): void;
}

/**
 * Watches one socket of a terminal from its opening: a peer that is frozen, or a proxy that swallows what it is sent,
 * leaves the socket open for minutes. Only an unanswered ping counts as silence, so that a client that was itself
 * stopped, or whose timers the browser slows down, does not lose a working connection.
 */
export function startHeartbeat({ ping, onSilence, everyMs = PTY_HEARTBEAT_MS }: HeartbeatOptions): Heartbeat {
  let state: "heard" | "quiet" | "pinged" = "quiet";
  const timer = setInterval(() => {
    if (state === "heard") {
      state = "quiet";
    } else if (state === "quiet") {
      state = "pinged";
      ping();
    } else {
      clearInterval(timer);
      onSilence();
    }
  }, everyMs);
  return {
    heard() {
      state = "heard";
    },
    stop: () => clearInterval(timer),
  };
}
