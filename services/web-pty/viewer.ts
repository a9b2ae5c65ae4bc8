import {
  PTY_ERRORS,
  PTY_HEADER_BYTES,
  type PtyErrorCode,
  type PtyRole,
  type PtyServerMessage,
  ptyHeader,
} from "../../contracts/pty.ts";
import type { OutputLog } from "./output-log.ts";
import type { ScreenModel } from "./screen-model.ts";

/** The connection to one browser. `send` has no limit of its own, because the viewer bounds the bytes in flight. */
export interface ViewerSocket {
  /** The caller may reuse the frame's buffer as soon as `send` returns. */
  send(frame: Uint8Array | string): void;
  close(code: number, reason: string): void;
}

export interface Viewer {
  readonly id: number;
  role: PtyRole;
  /**
   * Whether this viewer may become the driver, the one viewer whose input the command receives. That depends on the
   * secret it attached with.
   */
  readonly mayDrive: boolean;
  /** Offset up to which the browser has parsed the output. */
  readonly acked: number;
  /** Whether the viewer's input reaches the command; false until its screen is drawn. */
  readonly isCurrent: boolean;
  send(message: PtyServerMessage): void;
  fail(code: PtyErrorCode): void;
  close(code: number, reason: string): void;
  /** Sends output until the browser is up to date or `windowBytes` are unacknowledged. */
  pump(): void;
  /** Records that the browser has parsed everything before `sequence`; returns false if not all of it was sent. */
  ack(sequence: number): boolean;
  /** Brings the browser up to date: from `lastSequence` if the log still holds it, otherwise with a snapshot. */
  catchUp(lastSequence: number | undefined): void;
  detach(): void;
}

export interface ViewerOptions {
  readonly id: number;
  readonly role: PtyRole;
  readonly mayDrive: boolean;
  readonly socket: ViewerSocket;
  readonly log: OutputLog;
  readonly model: ScreenModel;
  /**
   * Maximum number of bytes that are sent but not yet parsed by the browser. The socket's buffer cannot limit them,
   * because a browser that parses slowly may still read the socket promptly.
   */
  readonly windowBytes: number;
  readonly onSent: (bytes: number) => void;
  readonly onResync: () => void;
}

/** Larger than one read from a terminal, so that each read becomes a single frame, which costs one system call. */
const MAX_FRAME = 262_144;
/** One buffer serves all output frames, because the socket has copied any unsent bytes by the time `send` returns. */
const shared = new Uint8Array(PTY_HEADER_BYTES + MAX_FRAME);

/**
 * Creates the viewer for one browser that shows a session. A viewer has no queue of its own: it reads the session's log
 * at its own offset, as fast as the browser parses, and is redrawn from the screen model when the log no longer holds
 * that offset.
 */
export function createViewer({
  id,
  role,
  mayDrive,
  socket,
  log,
  model,
  windowBytes,
  onSent,
  onResync,
}: ViewerOptions): Viewer {
  let cursor = log.end;
  let acked = log.end;
  let state: "drawing" | "current" | "detached" = "drawing";
  /** Offset that the browser must acknowledge before its input counts; undefined until a snapshot is made. */
  let currentFrom: number | undefined;
  /** Offset where the replay from the log ends; undefined when no replay is in progress. */
  let replayTo: number | undefined;

  const send = (message: PtyServerMessage) => {
    if (state !== "detached") socket.send(JSON.stringify(message));
  };

  function sendBytes(kind: "output" | "snapshot", sequence: number, bytes: Uint8Array): void {
    const size = PTY_HEADER_BYTES + bytes.length;
    const frame = size > shared.length ? new Uint8Array(size) : shared.subarray(0, size);
    frame.set(ptyHeader(kind, sequence));
    frame.set(bytes, PTY_HEADER_BYTES);
    socket.send(frame);
    onSent(bytes.length);
  }

  async function redraw(): Promise<void> {
    state = "drawing";
    currentFrom = undefined;
    replayTo = undefined;
    const sequence = log.end;
    const snapshot = await model.snapshot();
    if (state !== "drawing") return;
    send({ type: "replay-begin", from: sequence, to: sequence, as: "snapshot" });
    sendBytes("snapshot", sequence, snapshot);
    send({ type: "replay-end", sequence });
    cursor = sequence;
    acked = sequence;
    currentFrom = sequence;
    pump();
  }

  function pump(): void {
    if (state === "detached" || (state === "drawing" && currentFrom === undefined)) return;
    while (cursor < log.end && cursor - acked < windowBytes) {
      if (cursor < log.start) {
        send({ type: "truncated", from: cursor, to: log.start });
        onResync();
        void redraw();
        return;
      }
      const bytes = log.read(cursor, Math.min(MAX_FRAME, (replayTo ?? Number.POSITIVE_INFINITY) - cursor));
      sendBytes("output", cursor, bytes);
      cursor += bytes.length;
      endReplay();
    }
  }

  function endReplay(): void {
    if (replayTo === undefined || cursor < replayTo) return;
    send({ type: "replay-end", sequence: replayTo });
    replayTo = undefined;
  }

  const viewer: Viewer = {
    id,
    role,
    mayDrive,
    get acked() {
      return acked;
    },
    get isCurrent() {
      return state === "current";
    },
    send,
    fail(code) {
      const { message, remedy, close } = PTY_ERRORS[code];
      send({ type: "error", code, message, remedy });
      viewer.close(close, code);
    },
    close(code, reason) {
      viewer.detach();
      socket.close(code, reason);
    },
    pump,
    ack(sequence) {
      if (sequence > cursor) return false;
      acked = Math.max(acked, sequence);
      if (state === "drawing" && currentFrom !== undefined && sequence >= currentFrom) state = "current";
      pump();
      return true;
    },
    catchUp(lastSequence) {
      if (lastSequence === undefined || lastSequence < log.start || lastSequence > log.end) {
        if (lastSequence !== undefined && lastSequence < log.start)
          send({ type: "truncated", from: lastSequence, to: log.start });
        void redraw();
        return;
      }
      // The browser still shows its screen, so it needs only the bytes after the last one it parsed.
      const to = log.end;
      send({ type: "replay-begin", from: lastSequence, to, as: "output" });
      cursor = lastSequence;
      acked = lastSequence;
      currentFrom = to;
      replayTo = to;
      if (to === lastSequence) state = "current";
      endReplay();
      pump();
    },
    detach() {
      state = "detached";
    },
  };
  return viewer;
}
