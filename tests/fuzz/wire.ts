import { connect } from "node:net";

export interface Reply {
  /** 0 if the server closed the connection without a reply. */
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** The number of bytes after which reading stops, because a stream has no end. */
const ENOUGH = 65_536;

/**
 * Sends raw bytes and reads the reply until the server closes the connection, or until a stream has begun. Rejects
 * if neither happens within `timeoutMs`.
 */
export function exchange(port: number, request: Buffer, timeoutMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(
          `no reply within ${timeoutMs} ms; so far: ${Buffer.concat(chunks).toString().slice(0, 200)}`,
        ),
      );
    }, timeoutMs);
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parse(Buffer.concat(chunks).toString("utf8")));
    };
    socket.on("connect", () => socket.write(request));
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > ENOUGH || (chunks.length === 1 && chunk.includes("text/event-stream"))) done();
    });
    // A reset after the reply, or instead of it, is allowed because the request may not be valid HTTP.
    socket.on("error", done);
    socket.on("close", done);
  });
}

function parse(text: string): Reply {
  const end = text.indexOf("\r\n\r\n");
  const head = end === -1 ? text : text.slice(0, end);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
    headers: head.toLowerCase(),
    body: end === -1 ? "" : text.slice(end + 4),
  };
}
