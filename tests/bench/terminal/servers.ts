import { connect } from "node:net";
import { PTY_PROTOCOL, readPtyFrame } from "../../../contracts/pty.ts";
import { findFreePort } from "../../../tui/engines/port.ts";
import { startService } from "../../support/service-process.ts";
import { eventually } from "../../support/wait.ts";
import type { Ttyd } from "./ttyd.ts";
import { openWire } from "./wire.ts";

/** A client of one terminal that processes output immediately, like a fast browser. */
export interface TerminalClient {
  type(text: string): void;
  stall(): void;
  close(): void;
  readonly closed: Promise<void>;
}

/** A terminal server whose terminals all run the same command. */
export interface TerminalServer {
  readonly name: string;
  /** The server process, without the commands in its terminals. */
  readonly pid: number;
  open(onOutput: (bytes: Uint8Array) => void): Promise<TerminalClient>;
  stop(): Promise<void>;
}

const SIZE = { cols: 120, rows: 40 };
const MAX_SESSIONS = 200;

export async function startWebPty(command: readonly string[]): Promise<TerminalServer> {
  const port = await findFreePort();
  const service = await startService("web-pty", {
    PTY_WS_PORT: String(port),
    PTY_TUI_BINARY: JSON.stringify(command),
    PTY_PER_IP_CAP: String(MAX_SESSIONS),
    PTY_GLOBAL_CAP: String(MAX_SESSIONS),
    PTY_DISCONNECT_GRACE_SECS: "1",
    LOG_LEVEL: "warn",
  });
  return {
    name: "web-pty",
    pid: service.pid,
    async open(onOutput) {
      const wire = await openWire({
        port,
        path: "/ws",
        protocol: PTY_PROTOCOL,
        onFrame(payload, isText) {
          const frame = isText ? undefined : readPtyFrame(payload);
          if (!frame) return;
          const sequence = frame.sequence + frame.bytes.length;
          wire.send(JSON.stringify({ type: "ack", sequence }));
          onOutput(frame.bytes);
        },
      });
      wire.send(JSON.stringify({ type: "open", ...SIZE }));
      return { ...wire, type: (text) => wire.send(Buffer.from(text)) };
    },
    stop: async () => void (await service.stop()),
  };
}

export async function startTtyd(ttyd: Ttyd, command: readonly string[]): Promise<TerminalServer> {
  const port = await findFreePort();
  const options = ["--port", String(port), "--interface", "127.0.0.1", "--writable", "--debug", "0"];
  const child = Bun.spawn([...ttyd.command, ...options, ...command], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...ttyd.env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  await eventually(() => listens(port), { what: "ttyd to listen" });
  return {
    name: "ttyd",
    pid: child.pid,
    async open(onOutput) {
      const wire = await openWire({
        port,
        path: "/ws",
        protocol: "tty",
        onFrame: (payload) => void (payload[0] === OUTPUT && onOutput(payload.subarray(1))),
      });
      wire.send(JSON.stringify({ AuthToken: "", columns: SIZE.cols, rows: SIZE.rows }));
      return { ...wire, type: (text) => wire.send(Buffer.from(`0${text}`)) };
    },
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** The first byte of ttyd's output frames. */
const OUTPUT = "0".charCodeAt(0);

function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1");
  socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
