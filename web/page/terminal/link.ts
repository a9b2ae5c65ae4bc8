import {
  PTY_PROTOCOL,
  type PtyClientMessage,
  type PtyErrorCode,
  type PtyRole,
  type PtyServerMessage,
  readPtyFrame,
} from "../../../contracts/pty.ts";
import { type Heartbeat, startHeartbeat } from "../../../shared/socket-heartbeat.ts";
import { reconnectDelayMs } from "./backoff.ts";

type Session = Extract<PtyServerMessage, { type: "session" }>;
type Viewers = Extract<PtyServerMessage, { type: "viewers" }>;

/**
 * The connection state that the page shows.
 *
 * `connecting` becomes `connected` once the screen is drawn. A lost socket leads to `waiting`, which reconnects
 * automatically. `refused` lasts until its cause is gone: a missing token, too many terminals or a wrong origin.
 * `ended` (the session is over) and `replaced` (another page took over the session) last until the user acts.
 */
export type LinkState =
  | { readonly name: "connecting" }
  | {
      readonly name: "connected";
      readonly session: Session;
      readonly role: PtyRole;
      readonly resumed: number;
    }
  | { readonly name: "waiting"; readonly attempt: number; readonly until: number; readonly reason: string }
  | { readonly name: "refused"; readonly code: PtyErrorCode | "ORIGIN_REFUSED"; readonly detail: string }
  | { readonly name: "ended"; readonly detail: string }
  | { readonly name: "replaced" };

/** Why a token did not open a terminal. */
export type TokenFault = "wrong" | "unanswered";

export interface LinkEvents {
  state(state: LinkState): void;
  viewers(viewers: Viewers): void;
  size(cols: number, rows: number): void;
  notice(message: string): void;
  watchLink(as: "watch" | "join", token: string): void;
  /**
   * Writes output to the screen and calls `done` once the output is parsed. `reset` is called first if the whole screen
   * is redrawn.
   */
  output(bytes: Uint8Array, done: () => void): void;
  reset(): void;
}

export interface LinkOptions {
  readonly url: string;
  /** The watch link's secret, if this page was opened through one. */
  readonly watch?: string;
  readonly size: () => { cols: number; rows: number };
  readonly storage: Storage;
  readonly events: LinkEvents;
}

const KEY = "observatory-terminal";
/** The close code for a session that another page has taken over. The link then stops reconnecting. */
const REPLACED = 4409;
/** The request timeout, needed because a frozen service accepts requests but never responds. */
const ANSWER_MS = 10_000;
export const NO_ANSWER = "The terminal service does not answer";

/**
 * Creates a terminal's connection. It opens a session or resumes this tab's session, and reconnects after losing a
 * socket.
 */
export function createLink({ url, watch, size, storage, events }: LinkOptions) {
  let socket: WebSocket | undefined;
  let heartbeat: Heartbeat | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let ticket: string | undefined;
  /** The session's output position up to which the screen has received bytes; undefined before the first frame. */
  let parsed: number | undefined;
  let session: Session | undefined;
  let resumed = 0;
  let isOver = false;

  const say = (message: PtyClientMessage) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  function hello(): PtyClientMessage {
    if (watch) return { type: "watch", token: watch };
    const kept = readKept();
    if (kept)
      return { type: "reconnect", ...kept, ...size(), ...(parsed !== undefined && { lastSequence: parsed }) };
    return { type: "open", ...size(), ...(ticket && { ticket }) };
  }

  function readKept(): { session: string; token: string } | undefined {
    const text = storage.getItem(KEY);
    return text === null ? undefined : JSON.parse(text);
  }

  function keep(id: string, token: string | undefined): void {
    if (token) storage.setItem(KEY, JSON.stringify({ session: id, token }));
  }

  function connect(): void {
    clearTimeout(timer);
    isOver = false;
    events.state({ name: "connecting" });
    const own = new WebSocket(url, PTY_PROTOCOL);
    socket = own;
    own.binaryType = "arraybuffer";
    let wasOpen = false;
    let pings = 0;
    heartbeat?.stop();
    const beat = startHeartbeat({
      ping: () => say({ type: "ping", id: pings++ }),
      onSilence() {
        // Anything that still arrives on this socket is ignored, because the next socket continues after the last byte
        // received.
        socket = undefined;
        own.close();
        retry("The terminal service stopped answering");
      },
    });
    heartbeat = beat;
    own.onopen = () => {
      if (own !== socket) return;
      wasOpen = true;
      beat.heard();
      say(hello());
    };
    own.onmessage = ({ data }) => {
      if (own !== socket) return;
      beat.heard();
      if (typeof data === "string") onMessage(JSON.parse(data));
      else onFrame(new Uint8Array(data));
    };
    own.onclose = ({ code }) => {
      if (own !== socket || isOver) return;
      beat.stop();
      if (code === REPLACED) finish({ name: "replaced" });
      else if (wasOpen) retry("The connection was lost");
      else void explain();
    };
  }

  /** Requests the same URL over HTTP to learn why the handshake failed, because browsers do not reveal the reason. */
  async function explain(): Promise<void> {
    try {
      const reply = await fetch(url.replace(/^ws/, "http"), {
        headers: { accept: "application/problem+json" },
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const problem = (await reply.json()) as { code?: string; detail?: string };
      if (problem.code === "ORIGIN_REFUSED")
        finish({ name: "refused", code: "ORIGIN_REFUSED", detail: problem.detail ?? "" });
      else retry(NO_ANSWER);
    } catch {
      retry(NO_ANSWER);
    }
  }

  function retry(reason: string): void {
    const delay = reconnectDelayMs(attempt++);
    events.state({ name: "waiting", attempt, until: Date.now() + delay, reason });
    timer = setTimeout(connect, delay);
  }

  function finish(state: LinkState): void {
    isOver = true;
    clearTimeout(timer);
    heartbeat?.stop();
    events.state(state);
    socket?.close();
  }

  function onMessage(message: PtyServerMessage): void {
    switch (message.type) {
      case "session":
        if (message.resumed && session) resumed++;
        session = message;
        keep(message.session, message.token);
        events.size(message.cols, message.rows);
        break;
      case "replay-end":
        attempt = 0;
        showConnected();
        break;
      case "role":
        if (session) session = { ...session, role: message.role };
        if (session) keep(session.session, message.token);
        showConnected();
        break;
      case "resized":
        events.size(message.cols, message.rows);
        break;
      case "viewers":
        events.viewers(message);
        break;
      case "notice":
        events.notice(message.message);
        break;
      case "link":
        events.watchLink(message.as, message.token);
        break;
      case "exit":
        forget();
        finish({ name: "ended", detail: message.signal ?? `exit code ${message.code}` });
        break;
      case "error":
        onError(message.code, `${message.message}. ${message.remedy}.`);
        break;
    }
  }

  function onError(code: PtyErrorCode, detail: string): void {
    if (code === "STOPPING") return;
    if ((code === "SESSION_NOT_FOUND" || code === "INVALID_TOKEN") && !watch) {
      // This tab's session no longer exists, so a new one replaces it.
      forget();
      connect();
      return;
    }
    finish({ name: "refused", code, detail });
  }

  function forget(): void {
    storage.removeItem(KEY);
    session = undefined;
    parsed = undefined;
    ticket = undefined;
  }

  function showConnected(): void {
    if (session) events.state({ name: "connected", session, role: session.role, resumed });
  }

  function onFrame(data: Uint8Array): void {
    const frame = readPtyFrame(data);
    if (!frame) throw new Error("The terminal service sent a frame that violates the protocol");
    const { kind, sequence, bytes } = frame;
    if (kind === "snapshot" || parsed === undefined) events.reset();
    const end = kind === "snapshot" ? sequence : sequence + bytes.length;
    // The screen parses its input in order, so a reconnect may continue after this frame even before the frame is
    // parsed.
    parsed = end;
    const own = socket;
    events.output(bytes, () => {
      if (own === socket) say({ type: "ack", sequence: end });
    });
  }

  return {
    connect,
    /** Reconnects now, without waiting for the delay to end. */
    retryNow() {
      attempt = 0;
      connect();
    },
    /** Exchanges the token for a ticket and opens a terminal with the ticket, or returns why the exchange failed. */
    async authorize(token: string): Promise<TokenFault | undefined> {
      try {
        const reply = await fetch(`${url.replace(/^ws/, "http")}/ticket`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}` },
          signal: AbortSignal.timeout(ANSWER_MS),
        });
        if (reply.status === 401) return "wrong";
        if (!reply.ok) return "unanswered";
        ({ ticket } = (await reply.json()) as { ticket: string });
      } catch {
        return "unanswered";
      }
      connect();
      return undefined;
    },
    input: (bytes: Uint8Array<ArrayBuffer>) => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(bytes);
    },
    resize: (cols: number, rows: number) => say({ type: "resize", cols, rows }),
    share: (as: "watch" | "join") => say({ type: "share", as }),
    handOver: (viewer: number) => say({ type: "hand-over", viewer }),
    close() {
      isOver = true;
      clearTimeout(timer);
      heartbeat?.stop();
      socket?.close();
    },
  };
}
export type Link = ReturnType<typeof createLink>;
