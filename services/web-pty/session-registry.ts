import type { PtyErrorCode } from "../../contracts/pty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { PtyMetrics, SessionCounts } from "./metrics.ts";
import { createSession, type Session, type SessionLimits } from "./session.ts";
import type { Viewer, ViewerSocket } from "./viewer.ts";

export interface SessionsOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly readOnly: boolean;
  readonly perAddressCap: number;
  readonly globalCap: number;
  readonly limits: SessionLimits;
  readonly log: Log;
  readonly metrics: PtyMetrics;
}

/** A browser attached to a session. */
export interface Attached {
  readonly session: Session;
  readonly viewer: Viewer;
}

/**
 * Holds every session of this process, and limits their number in total and per client address. A refused call returns
 * an error code.
 */
export function createSessions(options: SessionsOptions) {
  const { command, env, readOnly, perAddressCap, globalCap, limits, log, metrics } = options;
  const sessions = new Map<string, Session>();

  return {
    open(
      socket: ViewerSocket,
      address: string,
      size: { cols: number; rows: number },
    ): Attached | PtyErrorCode {
      if (sessions.size >= globalCap) return "GLOBAL_CAP";
      if ([...sessions.values()].filter((one) => one.address === address).length >= perAddressCap)
        return "PER_IP_CAP";
      const id = crypto.randomUUID();
      try {
        const session = createSession({
          id,
          address,
          command,
          env,
          readOnly,
          limits,
          log,
          metrics,
          ...size,
          onClosed: () => sessions.delete(id),
        });
        sessions.set(id, session);
        return { session, viewer: session.open(socket) };
      } catch (error) {
        log.error("Could not start the terminal program", {
          command: command[0],
          reason: messageOf(error),
        });
        return "PTY_SPAWN_FAILED";
      }
    },

    reconnect(
      socket: ViewerSocket,
      { session: id, token, lastSequence }: { session: string; token: string; lastSequence?: number },
    ): Attached | PtyErrorCode {
      const session = sessions.get(id);
      if (!session) return "SESSION_NOT_FOUND";
      const viewer = session.reconnect(socket, token, lastSequence);
      return typeof viewer === "string" ? viewer : { session, viewer };
    },

    watch(socket: ViewerSocket, token: string): Attached | PtyErrorCode {
      for (const session of sessions.values()) {
        if (session.isFull) continue;
        const viewer = session.watch(socket, token);
        if (viewer) return { session, viewer };
      }
      return "SESSION_NOT_FOUND";
    },

    counts(): SessionCounts {
      const all = [...sessions.values()];
      return {
        active: all.length,
        connected: all.filter(({ phase }) => phase === "live").length,
        disconnected: all.filter(({ phase }) => phase === "detached").length,
        idle: all.filter(({ isIdle }) => isIdle).length,
        tokens: all.filter(({ hasToken }) => hasToken).length,
      };
    },

    async stop(): Promise<void> {
      await Promise.all([...sessions.values()].map((session) => session.stop()));
    },
  };
}
export type Sessions = ReturnType<typeof createSessions>;
