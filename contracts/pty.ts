import { type Static, type TProperties, Type } from "@sinclair/typebox";
import { published, StringEnum } from "./schema.ts";

/**
 * The protocol between a browser terminal and web-pty, over one WebSocket.
 *
 * Binary frames carry terminal bytes, unchanged. The client sends input; the server sends an 8-byte header followed by
 * output. The header is a kind (1 byte: 0 output, 1 snapshot) and a sequence (7 bytes, big-endian): the number of bytes
 * that the command had written before the frame's first byte. A snapshot redraws the whole screen, including its modes;
 * live output continues at the snapshot's sequence.
 *
 * Each text frame carries one JSON message. The client's first message is `open`, `reconnect` or `watch`. The server
 * replies with `session`, or sends `error` and closes the connection.
 *
 * A connection may go silent without closing. A client that has received nothing for {@link PTY_HEARTBEAT_MS} sends
 * `ping`. If nothing arrives within another such interval, it drops the connection and reconnects.
 */
export const PTY_PROTOCOL = "odto-pty.v1";

/** The heartbeat interval. A client notices a silent server within 10 to 15 seconds. */
export const PTY_HEARTBEAT_MS = 5_000;

/** The length of the header in a server's binary frame. */
export const PTY_HEADER_BYTES = 8;
export const PTY_FRAME_KINDS = { output: 0, snapshot: 1 } as const;

/** The smallest and largest screens that a session accepts. */
export const PTY_SIZE = { minCols: 10, maxCols: 500, minRows: 3, maxRows: 300 } as const;

const Cols = Type.Integer({ minimum: PTY_SIZE.minCols, maximum: PTY_SIZE.maxCols });
const Rows = Type.Integer({ minimum: PTY_SIZE.minRows, maximum: PTY_SIZE.maxRows });
const Sequence = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** 32 random bytes as base64url. */
const Secret = Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" });
const message = <T extends string, P extends TProperties>(type: T, properties: P) =>
  Type.Object({ type: Type.Literal(type), ...properties }, { additionalProperties: false });

export const PtyClientMessage = published(
  "pty-client-message",
  "1.0.2",
  Type.Union([
    message("open", { cols: Cols, rows: Rows, ticket: Type.Optional(Secret) }),
    message("reconnect", {
      session: Type.String({ format: "uuid" }),
      token: Secret,
      cols: Cols,
      rows: Rows,
      lastSequence: Type.Optional({
        ...Sequence,
        description: "The number of bytes that a page has parsed and still shows; absent after a reload",
      }),
    }),
    message("watch", { token: Secret }),
    message("resize", { cols: Cols, rows: Rows }),
    message("ack", {
      sequence: { ...Sequence, description: "The sequence up to which the page has parsed all output" },
    }),
    message("share", {
      as: StringEnum(["watch", "join"], {
        description:
          "The kind of link. A watch link never allows input; a viewer with a join link may receive control",
      }),
    }),
    message("hand-over", { viewer: Type.Integer({ minimum: 1 }) }),
    message("ping", { id: Type.Integer({ minimum: 0 }) }),
  ]),
);
export type PtyClientMessage = Static<typeof PtyClientMessage>;

export const PTY_ROLES = ["driver", "watcher"] as const;
export type PtyRole = (typeof PTY_ROLES)[number];

/** The errors by code: what happened, what to do, and the WebSocket close code that follows. */
export const PTY_ERRORS = {
  AUTH_REQUIRED: { close: 4401, message: "This terminal needs a token", remedy: "Enter the token and retry" },
  AUTH_FAILED: { close: 4403, message: "The token or ticket is wrong or used up", remedy: "Enter the token" },
  SESSION_NOT_FOUND: { close: 4404, message: "The session has ended", remedy: "Start a new session" },
  INVALID_TOKEN: {
    close: 4403,
    message: "The reconnect token is wrong, expired or used up",
    remedy: "Start a new session",
  },
  GLOBAL_CAP: {
    close: 4429,
    message: "Too many terminals are open",
    remedy: "Close one, or raise PTY_GLOBAL_CAP",
  },
  PER_IP_CAP: {
    close: 4429,
    message: "Too many terminals are open from this address",
    remedy: "Close one, or raise PTY_PER_IP_CAP",
  },
  PTY_SPAWN_FAILED: {
    close: 4500,
    message: "The terminal program could not be started",
    remedy: "Check PTY_TUI_BINARY",
  },
  PROTOCOL_ERROR: { close: 4400, message: "The frame breaks the protocol", remedy: "Reload the page" },
  RATE_LIMITED: { close: 4429, message: "Input arrives too fast", remedy: "Paste less at a time" },
  STOPPING: { close: 4503, message: "The service is stopping", remedy: "The page reconnects by itself" },
  INTERNAL_ERROR: { close: 4500, message: "Something went wrong on our side", remedy: "Reload the page" },
} as const satisfies Record<string, { close: number; message: string; remedy: string }>;
export type PtyErrorCode = keyof typeof PTY_ERRORS;

export const PTY_NOTICES = ["READ_ONLY", "INPUT_DROPPED", "IDLE_SOON", "DRIVER_CHANGED", "REPLACED"] as const;

export const PtyServerMessage = published(
  "pty-server-message",
  "1.0.2",
  Type.Union([
    message("session", {
      session: Type.String({ format: "uuid" }),
      viewer: Type.Integer({ minimum: 1 }),
      role: StringEnum(PTY_ROLES),
      readOnly: Type.Boolean({
        description: "Whether the session refuses input from every viewer, whatever their role",
      }),
      cols: Cols,
      rows: Rows,
      resumed: Type.Boolean({ description: "Whether the session already existed, as after a reconnect" }),
      sequence: { ...Sequence, description: "The sequence at which output continues" },
      token: Type.Optional({
        ...Secret,
        description:
          "A token with which the driver can reconnect once; the reply to that reconnect contains the next token",
      }),
    }),
    message("replay-begin", { from: Sequence, to: Sequence, as: StringEnum(["output", "snapshot"]) }),
    message("replay-end", { sequence: Sequence }),
    message("truncated", {
      from: Sequence,
      to: Sequence,
    }),
    message("resized", { cols: Cols, rows: Rows }),
    message("viewers", {
      driver: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
      watchers: Type.Array(Type.Integer({ minimum: 1 })),
    }),
    message("role", { role: StringEnum(PTY_ROLES), token: Type.Optional(Secret) }),
    message("link", { as: StringEnum(["watch", "join"]), token: Secret }),
    message("notice", { code: StringEnum(PTY_NOTICES), message: Type.String() }),
    message("pong", { id: Type.Integer({ minimum: 0 }) }),
    message("error", {
      code: StringEnum(Object.keys(PTY_ERRORS) as PtyErrorCode[]),
      message: Type.String(),
      remedy: Type.String(),
    }),
    message("exit", {
      code: Type.Union([Type.Integer(), Type.Null()]),
      signal: Type.Union([Type.String(), Type.Null()]),
    }),
  ]),
);
export type PtyServerMessage = Static<typeof PtyServerMessage>;

/** Encodes the header of a server's binary frame; `sequence` must be a safe integer. */
export function ptyHeader(kind: keyof typeof PTY_FRAME_KINDS, sequence: number): Uint8Array {
  const header = new Uint8Array(PTY_HEADER_BYTES);
  new DataView(header.buffer).setBigUint64(0, BigInt(sequence));
  header[0] = PTY_FRAME_KINDS[kind];
  return header;
}

/** Decodes a server's binary frame; undefined if its header is missing or its kind is unknown. */
export function readPtyFrame(
  frame: Uint8Array,
): { kind: keyof typeof PTY_FRAME_KINDS; sequence: number; bytes: Uint8Array } | undefined {
  if (frame.length < PTY_HEADER_BYTES || frame[0]! > 1) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, PTY_HEADER_BYTES);
  const sequence = Number(view.getBigUint64(0) & 0xff_ffff_ffff_ffffn);
  return { kind: frame[0] === 0 ? "output" : "snapshot", sequence, bytes: frame.subarray(PTY_HEADER_BYTES) };
}
