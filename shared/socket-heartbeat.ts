import { PTY_HEARTBEAT_MS } from "../contracts/pty.ts";

export interface HeartbeatOptions {
  /** Sends a `ping`. Called when nothing has arrived for a whole interval. */
  readonly ping: () => void;
  /** Called once, when nothing has arrived within another interval after the ping. */
  readonly onSilence: () => void;
  readonly everyMs?: number;
}

export interface Heartbeat {
  /** Records that something has arrived from the peer. */
  heard(): void;
  stop(): void;
}

/**
 * Detects a silent peer on a terminal's socket. A frozen peer, or a proxy that drops its data, would otherwise leave
 * the socket open for minutes. Only an unanswered ping counts as silence, so a client that was itself suspended, or
 * whose timers the browser slows down, does not lose a working connection.
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
