import { connect, createServer } from "node:net";
import { until } from "../../shared/until.ts";

// These ports are below every operating system's ephemeral port range, which starts at 32768 on Linux and at 49152 on
// macOS and Windows. Otherwise, a client that keeps trying a dead engine's port could be assigned that port, connect to
// itself and keep the port occupied.
const FIRST = 15_000;
const LAST = 32_000;

const handedOut = new Set<number>();

/** Returns a TCP port that is free on 127.0.0.1 and that this process has not handed out before. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`No free port on 127.0.0.1 in 1000 tries between ${FIRST} and ${LAST}`);
}

/** Resolves when a port of 127.0.0.1 accepts connections. */
export async function waitForPort(
  port: number,
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  await until(() => accepts(port), { ...options, what: () => `127.0.0.1:${port} to accept connections` });
}

/** Whether a port of 127.0.0.1 accepts connections now. */
export async function accepts(port: number): Promise<boolean> {
  return (await exchange(port)) !== undefined;
}

/**
 * Connects, sends `send` if given, and resolves with the first bytes of the response. Without `send`, resolves with no
 * bytes once connected. Resolves with undefined if the connection is refused, is closed without a response or stays
 * silent for a second.
 */
export function exchange(port: number, send?: string): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const finish = (answer?: Buffer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => finish());
    socket.on("error", () => finish());
    socket.on("close", () => finish());
    socket.on("data", (bytes) => finish(bytes));
    socket.on("connect", () => (send === undefined ? finish(Buffer.alloc(0)) : socket.write(send, "latin1")));
  });
}

/** Whether a server could listen on a port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
