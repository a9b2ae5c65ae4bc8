import type { PtyErrorCode, PtyRole } from "../../contracts/pty.ts";
import type { Log } from "../../shared/log.ts";
import type { PtyMetrics } from "./metrics.ts";
import { createOutputLog } from "./output-log.ts";
import { createScreenModel } from "./screen-model.ts";
import { hashOf, matchesHash, newSecret } from "./secrets.ts";
import { nextPhase, type Phase, type SessionEvent } from "./session-state.ts";
import { type Pty, startPty, type TerminalEnd } from "./terminal.ts";
import { createViewer, type Viewer, type ViewerSocket } from "./viewer.ts";

export interface SessionLimits {
  readonly idleMs: number;
  readonly graceMs: number;
  readonly tokenMs: number;
  readonly queueBytes: number;
  readonly replayChunks: number;
  readonly scrollback: number;
  readonly maxViewers: number;
}

export interface SessionOptions {
  readonly id: string;
  /** The IP address of the client; this session counts against the limit on terminals per address. */
  readonly address: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cols: number;
  readonly rows: number;
  readonly readOnly: boolean;
  readonly limits: SessionLimits;
  readonly log: Log;
  readonly metrics: PtyMetrics;
  readonly onClosed: () => void;
}

interface Token {
  readonly hash: Buffer;
  readonly expiry: number;
}

const MAX_PENDING_INPUT = 1_048_576;
/** Bytes of output that may still arrive after a pause: one read plus the kernel's buffer. */
const AFTER_PAUSE = 262_144;
const IDLE_WARNING_MS = 60_000;
const NOTICE_EVERY_MS = 2_000;

/** Runs a command on a PTY and connects the browsers that show it. Throws when the command cannot be started. */
export function createSession(options: SessionOptions) {
  const { id, readOnly, limits, log, metrics, onClosed } = options;
  const output = createOutputLog({ maxBytes: limits.queueBytes, maxChunks: limits.replayChunks });
  const model = createScreenModel({ ...options, scrollback: limits.scrollback, onParsed: balance });
  const viewers = new Map<number, Viewer>();
  const windowBytes = Math.max(limits.queueBytes / 2, limits.queueBytes - AFTER_PAUSE);
  const size = { cols: options.cols, rows: options.rows };
  let phase: Phase = "starting";
  /** The one viewer whose input reaches the command; all other viewers only watch. */
  let driver: Viewer | undefined;
  let token: Token | undefined;
  /**
   * The token before `token`. It is valid until the driver's next acknowledgment, because a page may close before it
   * receives the newest token.
   */
  let previousToken: Token | undefined;
  let watchHash: Buffer | undefined;
  let joinHash: Buffer | undefined;
  let nextViewer = 1;
  /** Offset up to which the fastest browser has parsed the output. */
  let seen = 0;
  let paused = false;
  let end: TerminalEnd | undefined;
  let grace: Timer | undefined;
  let idle: Timer | undefined;
  let lastInput = performance.now();
  let lastNotice = Number.NEGATIVE_INFINITY;

  const pty: Pty = startPty({
    ...options,
    onData(bytes) {
      output.append(bytes);
      model.write(bytes);
      for (const viewer of viewers.values()) viewer.pump();
      balance();
    },
  });
  void pty.ended.then((how) => {
    end = how;
    for (const viewer of viewers.values()) viewer.pump();
    finishWhenDelivered();
  });
  apply("started");
  watchIdle();

  function apply(event: SessionEvent): void {
    const next = nextPhase(phase, event);
    if (next === undefined) return;
    const before = phase;
    phase = next;
    if (next === before) return;
    log.info("A terminal session changed phase", { session: id, from: before, to: next, because: event });
    clearTimeout(grace);
    if (next === "detached") grace = setTimeout(() => apply("grace-over"), limits.graceMs);
    if (next === "closed") release(event);
  }

  function release(event: SessionEvent): void {
    clearTimeout(idle);
    for (const viewer of [...viewers.values()]) {
      if (event === "stopped") viewer.fail("STOPPING");
      else viewer.close(1000, event);
    }
    viewers.clear();
    if (!end) pty.end();
    void pty.ended.then(() => model.dispose());
    onClosed();
  }

  /**
   * Pauses the command once even the fastest browser, or the screen model (this service's copy of the screen), is a
   * full window of bytes behind, and resumes it when both are less than half a window behind. With no browser attached,
   * the last browser's position counts: that browser will resume there, so the log must still hold all later output.
   */
  function balance(): void {
    if (viewers.size > 0) seen = Math.max(...[...viewers.values()].map((viewer) => viewer.acked));
    const behind = output.end - seen;
    if (!paused && (behind >= windowBytes || model.pending >= windowBytes)) {
      paused = pty.pause();
      if (paused) metrics.paused();
    } else if (paused && behind < windowBytes / 2 && model.pending < windowBytes / 2) {
      paused = false;
      pty.resume();
    }
  }

  function finishWhenDelivered(): void {
    if (!end || phase !== "live") return;
    // A new viewer's `acked` starts at the end of the log, before its screen is drawn, so `isCurrent` is checked too.
    if ([...viewers.values()].some((viewer) => !viewer.isCurrent || viewer.acked < output.end)) return;
    for (const viewer of viewers.values()) viewer.send({ type: "exit", ...end });
    apply("finished");
  }

  function watchIdle(): void {
    const left = lastInput + limits.idleMs - performance.now();
    if (left <= 0) {
      apply("idle-over");
      return;
    }
    if (left <= IDLE_WARNING_MS && limits.idleMs > IDLE_WARNING_MS) {
      const message = "This terminal closes in a minute unless you press a key";
      for (const viewer of viewers.values()) viewer.send({ type: "notice", code: "IDLE_SOON", message });
    }
    const toWarning = left - IDLE_WARNING_MS;
    idle = setTimeout(watchIdle, toWarning > 0 ? toWarning : left);
  }

  function renewToken(): string {
    const secret = newSecret();
    previousToken = token;
    token = { hash: hashOf(secret), expiry: performance.now() + limits.tokenMs };
    return secret;
  }

  function announceViewers(): void {
    const watchers = [...viewers.keys()].filter((viewer) => viewer !== driver?.id);
    for (const viewer of viewers.values())
      viewer.send({ type: "viewers", driver: driver?.id ?? null, watchers });
  }

  function attach(
    socket: ViewerSocket,
    role: PtyRole,
    {
      mayDrive,
      resumed,
      lastSequence,
    }: { mayDrive: boolean; resumed: boolean; lastSequence?: number | undefined },
  ): Viewer {
    const viewer = createViewer({
      id: nextViewer++,
      role,
      mayDrive,
      socket,
      model,
      windowBytes,
      log: output,
      onSent: (bytes) => metrics.bytes("output", bytes),
      onResync: metrics.resynced,
    });
    if (role === "driver") {
      driver?.send({ type: "notice", code: "REPLACED", message: "This terminal was opened elsewhere" });
      if (driver) leave(driver, () => driver?.close(4409, "REPLACED"));
      driver = viewer;
    }
    viewers.set(viewer.id, viewer);
    viewer.send({
      type: "session",
      session: id,
      viewer: viewer.id,
      role,
      readOnly,
      ...size,
      resumed,
      sequence: lastSequence ?? output.end,
      ...(role === "driver" && { token: renewToken() }),
    });
    apply("attached");
    viewer.catchUp(lastSequence);
    announceViewers();
    finishWhenDelivered();
    return viewer;
  }

  function leave(viewer: Viewer, close: () => void = () => undefined): void {
    balance();
    if (!viewers.delete(viewer.id)) return;
    close();
    viewer.detach();
    if (driver === viewer) driver = undefined;
    if (viewers.size === 0) apply("deserted");
    else announceViewers();
    balance();
  }

  /** Sends at most one notice every two seconds, so that a key held down does not flood the page. */
  function notice(viewer: Viewer, code: "READ_ONLY" | "INPUT_DROPPED", message: string): void {
    if (performance.now() - lastNotice < NOTICE_EVERY_MS) return;
    lastNotice = performance.now();
    viewer.send({ type: "notice", code, message });
  }

  return {
    id,
    address: options.address,
    pid: pty.pid,
    get phase() {
      return phase;
    },
    get isIdle() {
      return performance.now() - lastInput > IDLE_WARNING_MS;
    },
    get hasToken() {
      return token !== undefined && token.expiry > performance.now();
    },
    get isFull() {
      return viewers.size >= limits.maxViewers;
    },

    /** Attaches the first viewer of a new session. */
    open: (socket: ViewerSocket) =>
      attach(socket, "driver", { mayDrive: true, resumed: false, lastSequence: 0 }),

    /** Attaches a reconnecting driver. Returns an error code when the session is closed or the token is invalid. */
    reconnect(socket: ViewerSocket, given: string, lastSequence: number | undefined): Viewer | PtyErrorCode {
      if (phase !== "live" && phase !== "detached") return "SESSION_NOT_FOUND";
      if (
        ![token, previousToken].some(
          (one) => one && one.expiry > performance.now() && matchesHash(given, one.hash),
        )
      )
        return "INVALID_TOKEN";
      return attach(socket, "driver", { mayDrive: true, resumed: true, lastSequence });
    },

    /** Attaches a viewer who opened a link. Returns undefined when the secret matches no link to this session. */
    watch(socket: ViewerSocket, given: string): Viewer | undefined {
      const mayDrive = joinHash !== undefined && matchesHash(given, joinHash);
      if (!mayDrive && !(watchHash && matchesHash(given, watchHash))) return undefined;
      return attach(socket, "watcher", { mayDrive, resumed: true });
    },

    leave,

    /** Sends a new secret for a link. The previous link of the same kind stops working. */
    share(viewer: Viewer, as: "watch" | "join"): void {
      if (viewer !== driver) {
        viewer.fail("PROTOCOL_ERROR");
        return;
      }
      const secret = newSecret();
      if (as === "watch") watchHash = hashOf(secret);
      else joinHash = hashOf(secret);
      viewer.send({ type: "link", as, token: secret });
    },

    handOver(viewer: Viewer, to: number): void {
      const next = viewers.get(to);
      if (viewer !== driver || !next?.mayDrive || next === viewer) {
        viewer.fail("PROTOCOL_ERROR");
        return;
      }
      viewer.role = "watcher";
      next.role = "driver";
      driver = next;
      viewer.send({ type: "role", role: "watcher" });
      next.send({ type: "role", role: "driver", token: renewToken() });
      // The former driver must not take control back with its old token.
      previousToken = undefined;
      announceViewers();
    },

    input(viewer: Viewer, bytes: Uint8Array): void {
      if (viewer !== driver || readOnly) {
        notice(viewer, "READ_ONLY", "You are only watching: your keys do not reach this terminal");
        return;
      }
      if (!viewer.isCurrent || end) return;
      if (pty.pendingInput + bytes.length > MAX_PENDING_INPUT) {
        notice(viewer, "INPUT_DROPPED", "The program is not reading its input; your input was dropped");
        return;
      }
      lastInput = performance.now();
      metrics.bytes("input", bytes.length);
      pty.write(bytes);
    },

    resize(viewer: Viewer, cols: number, rows: number): void {
      if (viewer !== driver || (cols === size.cols && rows === size.rows)) return;
      Object.assign(size, { cols, rows });
      pty.resize(cols, rows);
      model.resize(cols, rows);
      for (const other of viewers.values()) other.send({ type: "resized", cols, rows });
    },

    ack(viewer: Viewer, sequence: number): void {
      if (viewer.ack(sequence)) {
        if (viewer === driver) previousToken = undefined;
        balance();
        finishWhenDelivered();
      } else {
        viewer.fail("PROTOCOL_ERROR");
      }
    },

    stop(): Promise<unknown> {
      apply("stopped");
      return pty.ended;
    },
  };
}
export type Session = ReturnType<typeof createSession>;
