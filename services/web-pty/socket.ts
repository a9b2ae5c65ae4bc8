import { TypeCompiler } from "@sinclair/typebox/compiler";
import { PTY_ERRORS, PTY_PROTOCOL, PtyClientMessage, type PtyErrorCode } from "../../contracts/pty.ts";
import { AppError } from "../../shared/errors.ts";
import { problemResponse } from "../../shared/http/to-problem.ts";
import type { Log } from "../../shared/log.ts";
import type { Lifecycle } from "../../shared/process-lifecycle.ts";
import type { Access } from "./access.ts";
import { createInputLimit, type InputLimit } from "./input-limit.ts";
import type { PtyMetrics } from "./metrics.ts";
import type { Attached, Sessions } from "./session-registry.ts";
import type { ViewerSocket } from "./viewer.ts";

export interface SocketOptions {
  readonly access: Access;
  readonly sessions: Sessions;
  readonly metrics: PtyMetrics;
  readonly log: Log;
  readonly life: Lifecycle;
  readonly bindAddress: string;
  readonly port: number;
  readonly maxFrameBytes: number;
  readonly inputBytesPerSecond: number;
  readonly maxConnections: number;
}

interface Connection {
  readonly address: string;
  readonly input: InputLimit;
  attached?: Attached;
}

const checker = TypeCompiler.Compile(PtyClientMessage);
/** A connection is closed if its first message has not arrived after this long. */
const HELLO_MS = 10_000;
const KEEP_ALIVE_SECONDS = 60;
const MAX_CONTROL_LENGTH = 4_096;

/**
 * Serves the WebSockets: decides who may connect, checks every frame and passes it to the session. Also exchanges the
 * bearer token for tickets, each of which opens one terminal. Returns the bound port.
 */
export function serveSockets(options: SocketOptions): number {
  const { access, sessions, metrics, log, life, bindAddress, port, maxFrameBytes } = options;
  const { inputBytesPerSecond, maxConnections } = options;
  const hellos = new WeakMap<Bun.ServerWebSocket<Connection>, Timer>();

  function refuse(
    code: "ORIGIN_REFUSED" | "UNAUTHORIZED" | "ROUTE_NOT_FOUND" | "OVERLOADED",
    detail: string,
  ) {
    metrics.refused(code);
    return problemResponse(new AppError(code, detail), crypto.randomUUID(), "/ws");
  }

  const server = Bun.serve<Connection>({
    hostname: bindAddress,
    port,
    maxRequestBodySize: 1_024,
    fetch(request, self) {
      const refusal = access.refusal(request);
      if (refusal) {
        log.warn("Refused a connection", { reason: refusal });
        return refuse("ORIGIN_REFUSED", refusal);
      }
      const { pathname } = new URL(request.url);
      if (pathname === "/ws/ticket" && request.method === "POST") {
        const ticket = access.ticketFor(request.headers.get("authorization"));
        if (!ticket) return refuse("UNAUTHORIZED", "The bearer token is missing or wrong");
        return Response.json({ ticket }, { headers: { "cache-control": "no-store" } });
      }
      if (pathname !== "/ws") return refuse("ROUTE_NOT_FOUND", "Open the terminal as a WebSocket at /ws");
      if (self.pendingWebSockets >= maxConnections)
        return refuse("OVERLOADED", `${maxConnections} connections are already open`);
      const address = access.addressOf(
        self.requestIP(request)?.address ?? "",
        request.headers.get("x-forwarded-for"),
      );
      const data = { address, input: createInputLimit(inputBytesPerSecond) };
      if (self.upgrade(request, { data, headers: { "sec-websocket-protocol": PTY_PROTOCOL } }))
        return undefined;
      return refuse("ROUTE_NOT_FOUND", "Open the terminal as a WebSocket at /ws");
    },
    websocket: {
      maxPayloadLength: maxFrameBytes,
      idleTimeout: KEEP_ALIVE_SECONDS,
      sendPings: true,
      perMessageDeflate: false,
      data: {} as Connection,
      open(socket) {
        hellos.set(
          socket,
          setTimeout(() => fail(socket, "PROTOCOL_ERROR"), HELLO_MS),
        );
      },
      message(socket, message) {
        const { attached, input } = socket.data;
        if (typeof message === "string") onControl(socket, message);
        else if (!attached) fail(socket, "PROTOCOL_ERROR");
        else if (!input.tryTake(message.length)) fail(socket, "RATE_LIMITED");
        else attached.session.input(attached.viewer, message);
      },
      close(socket) {
        clearTimeout(hellos.get(socket));
        const { attached } = socket.data;
        if (attached) attached.session.leave(attached.viewer);
      },
    },
  });

  function fail(socket: Bun.ServerWebSocket<Connection>, code: PtyErrorCode): void {
    metrics.refused(code);
    const { attached } = socket.data;
    if (attached) attached.viewer.fail(code);
    else {
      const { message, remedy, close } = PTY_ERRORS[code];
      socket.send(JSON.stringify({ type: "error", code, message, remedy }));
      socket.close(close, code);
    }
  }

  function onControl(socket: Bun.ServerWebSocket<Connection>, text: string): void {
    const message = readMessage(text);
    const { attached } = socket.data;
    if (!message) fail(socket, "PROTOCOL_ERROR");
    else if (attached) perform(attached, message);
    else hello(socket, message);
  }

  function perform({ session, viewer }: Attached, message: PtyClientMessage): void {
    if (message.type === "resize") session.resize(viewer, message.cols, message.rows);
    else if (message.type === "ack") session.ack(viewer, message.sequence);
    else if (message.type === "share") session.share(viewer, message.as);
    else if (message.type === "hand-over") session.handOver(viewer, message.viewer);
    else if (message.type === "ping") viewer.send({ type: "pong", id: message.id });
    else viewer.fail("PROTOCOL_ERROR");
  }

  function hello(socket: Bun.ServerWebSocket<Connection>, message: PtyClientMessage): void {
    const viewerSocket: ViewerSocket = {
      send: (frame) => void socket.send(frame),
      close: (code, reason) => socket.close(code, reason),
    };
    const outcome = attach(viewerSocket, socket.data.address, message);
    clearTimeout(hellos.get(socket));
    if (typeof outcome === "string") fail(socket, outcome);
    else socket.data.attached = outcome;
  }

  function attach(
    viewerSocket: ViewerSocket,
    address: string,
    message: PtyClientMessage,
  ): Attached | PtyErrorCode {
    if (life.stopping.aborted) return "STOPPING";
    switch (message.type) {
      case "open":
        return access.redeemTicket(message.ticket) ?? sessions.open(viewerSocket, address, message);
      case "reconnect": {
        const outcome = sessions.reconnect(viewerSocket, message);
        if (typeof outcome !== "string") outcome.session.resize(outcome.viewer, message.cols, message.rows);
        return outcome;
      }
      case "watch":
        return sessions.watch(viewerSocket, message.token);
      default:
        return "PROTOCOL_ERROR";
    }
  }

  life.defer("sockets", async () => {
    await sessions.stop();
    await server.stop(true);
  });
  log.info("Listening", { address: bindAddress, port: server.port });
  return server.port ?? port;
}

function readMessage(text: string): PtyClientMessage | undefined {
  if (text.length > MAX_CONTROL_LENGTH) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return checker.Check(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
