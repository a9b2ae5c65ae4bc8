import type { Problem } from "../../../contracts/problem.ts";
import {
  PTY_ERRORS,
  PTY_PROTOCOL,
  type PtyClientMessage,
  type PtyErrorCode,
  type PtyServerMessage,
  readPtyFrame,
} from "../../../contracts/pty.ts";
import { fullJitter, pause } from "../../../shared/async.ts";
import { type Heartbeat, startHeartbeat } from "../../../shared/socket-heartbeat.ts";
import { CliError } from "../failure.ts";
import type { Target } from "./target.ts";

/** How the connection ended: this program's exit code and a sentence for the user. */
export interface End {
  readonly code: 0 | 1;
  readonly said: string;
}

export interface ConnectionOptions {
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  size(): { cols: number; rows: number };
  /** Draws output, after clearing the screen if `fresh`. Resolves once the local terminal has accepted it. */
  draw(bytes: Uint8Array, fresh: boolean): Promise<void>;
  /** Called once, before the first output is drawn. */
  ready(): void;
  /** Called once per outage, when it has lasted long enough that the user should be notified. */
  lost(): void;
}

type Session = Extract<PtyServerMessage, { type: "session" }>;

const LONGEST_WAIT_MS = 30_000;
const FIRST_WAIT_MS = 250;
/** Reconnection attempts before the user sees a notice. */
const SILENT_TRIES = 1;
const REPLACED = 4409;
const LOST = 1006;
/** How long to wait for an HTTP response: a frozen service accepts a request but never answers it. */
const ANSWER_MS = 10_000;

/** Keeps one terminal open across sockets: replaces a lost socket and continues the output where it stopped. */
export function openConnection({ url, watch }: Target, options: ConnectionOptions) {
  const { signal, size, draw, ready, lost } = options;
  let socket: WebSocket | undefined;
  let heartbeat: Heartbeat | undefined;
  let session: Session | undefined;
  /** The sequence number up to which output has been received; undefined if the screen must be redrawn. */
  let received: number | undefined;
  let token = "";
  let isReady = false;
  /** Whether the service has answered on the current socket. A proxy accepts sockets even while the service is down. */
  let isConnected = false;
  let isOver = false;
  let attempts = 0;
  const over = Promise.withResolvers<End>();

  const say = (message: PtyClientMessage) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  async function run(): Promise<void> {
    while (!isOver) {
      await once();
      signal.throwIfAborted();
      attempts++;
      if (!isOver && attempts === SILENT_TRIES + 1) {
        lost();
        // Makes the next connection request the whole screen, which then replaces the notice.
        received = undefined;
      }
      await pause(fullJitter(attempts, FIRST_WAIT_MS, LONGEST_WAIT_MS), signal);
    }
  }

  /**
   * Runs one socket until it closes. Throws if a further attempt would fail too, or if the handshake fails before any
   * terminal was opened.
   */
  async function once(): Promise<void> {
    const ticket = session || watch ? undefined : await exchange();
    const own = new WebSocket(url, PTY_PROTOCOL);
    own.binaryType = "arraybuffer";
    socket = own;
    const closed = Promise.withResolvers<number>();
    let wasOpen = false;
    let pings = 0;
    const beat = startHeartbeat({
      ping: () => say({ type: "ping", id: pings++ }),
      onSilence() {
        socket = undefined;
        own.terminate();
        // Noticing the silence took so long that the user is notified before the first attempt to reconnect.
        attempts = Math.max(attempts, SILENT_TRIES);
        closed.resolve(LOST);
      },
    });
    heartbeat = beat;
    own.onopen = () => {
      wasOpen = true;
      beat.heard();
      say(hello(ticket));
    };
    own.onmessage = ({ data }) => {
      if (own !== socket) return;
      beat.heard();
      if (typeof data === "string") onMessage(JSON.parse(data) as PtyServerMessage);
      else onFrame(own, new Uint8Array(data as ArrayBuffer));
    };
    own.onclose = ({ code }) => closed.resolve(code);
    const code = await closed.promise;
    beat.stop();
    isConnected = false;
    if (code === REPLACED) over.resolve({ code: 0, said: "This terminal was opened elsewhere" });
    if (!wasOpen) await explain();
  }

  function hello(ticket: string | undefined): PtyClientMessage {
    if (watch) return { type: "watch", token: watch };
    if (!session) return { type: "open", ...size(), ...(ticket && { ticket }) };
    const lastSequence = received === undefined ? {} : { lastSequence: received };
    return { type: "reconnect", session: session.session, token, ...size(), ...lastSequence };
  }

  /**
   * Exchanges the token for a ticket, so that no frame carries the token. Returns undefined if there is no token, or if
   * the service issued no ticket.
   */
  async function exchange(): Promise<string | undefined> {
    if (!options.token) return undefined;
    const reply = await request("/ticket", {
      method: "POST",
      headers: { authorization: `Bearer ${options.token}` },
    });
    if (reply?.status === 401)
      throw new CliError(3, "The token is wrong", "Set PTY_AUTH_TOKEN to the service's token", "AUTH_FAILED");
    return reply?.ok ? ((await reply.json()) as { ticket: string }).ticket : undefined;
  }

  /**
   * Finds out why a handshake failed by sending a plain HTTP request, because a failed WebSocket handshake reports no
   * reason. Throws an error with the reason if the response is 403 or if no terminal was ever opened. Otherwise
   * returns, so that the caller reconnects.
   */
  async function explain(): Promise<void> {
    const reply = await request("", { headers: { accept: "application/problem+json" } });
    const { code, detail } = reply ? await problemOf(reply) : {};
    if (reply?.status === 403)
      throw new CliError(
        3,
        detail ?? `${url} refuses requests from this client`,
        "Check ALLOWED_ORIGINS on the service",
        "ORIGIN_REFUSED",
      );
    if (session) return;
    if (detail)
      throw new CliError(
        4,
        `${url} could not open a terminal: ${detail}`,
        "Try again in a moment, or check the URL",
        code ?? "UNREACHABLE",
      );
    throw new CliError(
      4,
      `No terminal service answers at ${url}`,
      "Start it with `bun run dev`, or pass its URL",
      "UNREACHABLE",
    );
  }

  async function request(path: string, init: RequestInit): Promise<Response | undefined> {
    try {
      return await fetch(`${url.replace(/^ws/, "http")}${path}`, {
        ...init,
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
    } catch {
      // Undefined means no response, which is not always fatal: the next connection attempt may still succeed.
      return undefined;
    }
  }

  function onMessage(message: PtyServerMessage): void {
    if (message.type === "session") {
      session = message;
      isConnected = true;
      token = message.token ?? token;
      if (!isReady) ready();
      isReady = true;
    } else if (message.type === "role" && session) {
      session = { ...session, role: message.role };
      token = message.token ?? token;
    } else if (message.type === "replay-end") {
      attempts = 0;
    } else if (message.type === "exit") {
      const how = message.signal ? `was terminated by ${message.signal}` : `exited with code ${message.code}`;
      over.resolve({ code: message.code === 0 ? 0 : 1, said: `The program ${how}` });
    } else if (message.type === "error" && message.code !== "STOPPING") {
      over.reject(refusal(message.code));
    }
  }

  function onFrame(own: WebSocket, data: Uint8Array): void {
    const frame = readPtyFrame(data);
    if (!frame) throw new Error(`${url} sent a frame that violates the protocol`);
    const { kind, sequence, bytes } = frame;
    const fresh = kind === "snapshot" || received === undefined;
    const end = kind === "snapshot" ? sequence : sequence + bytes.length;
    received = end;
    void draw(bytes, fresh).then(() => {
      if (own === socket) say({ type: "ack", sequence: end });
    });
  }

  signal.addEventListener("abort", () => socket?.close());
  run().catch(over.reject);
  const stop = () => {
    isOver = true;
  };
  over.promise.then(stop, stop);
  return {
    /**
     * Resolves when the program in the terminal ends, the terminal is opened elsewhere, or `leave` is called. Rejects
     * if the service refuses the terminal or cannot be reached at the first attempt, or if the signal aborts.
     */
    ended: over.promise,
    get drives() {
      return session?.role === "driver";
    },
    get isConnected() {
      return isConnected;
    },
    input(bytes: Uint8Array<ArrayBuffer>) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(bytes);
    },
    resize: () => say({ type: "resize", ...size() }),
    leave(end: End) {
      over.resolve(end);
    },
    close() {
      heartbeat?.stop();
      socket?.close();
    },
  };
}

/** Returns the problem in a reply. A proxy may reply with something else, such as its own error page. */
async function problemOf(reply: Response): Promise<Partial<Problem>> {
  const problem = (await reply.json().catch(() => null)) as Partial<Problem> | null;
  return problem ?? {};
}

function refusal(code: PtyErrorCode): CliError {
  const { message, remedy } = PTY_ERRORS[code];
  const token = code === "AUTH_REQUIRED" || code === "AUTH_FAILED";
  return new CliError(3, message, token ? "Set PTY_AUTH_TOKEN to the service's token" : remedy, code);
}
