import type { Socket } from "bun";

/** A reply's status, and its body as text. */
export interface HttpReply {
  status: number;
  body: string;
}

/** One keep-alive connection that carries one request at a time. */
export interface HttpConnection {
  /** Sends bytes from `encodePost`. Rejects if the connection breaks; the connection is then unusable. */
  send(request: Uint8Array): Promise<HttpReply>;
  /** Drops the connection at once, and rejects the pending reply if there is one. */
  close(): void;
}

/** Encodes a complete POST request in advance, so that a request that is sent repeatedly is encoded only once. */
export function encodePost(url: URL, body: string): Uint8Array {
  const bytes = Buffer.byteLength(body);
  return Buffer.from(
    `POST ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n${body}`,
  );
}

/**
 * Opens one connection and speaks HTTP over a raw socket. The load generator shares the cores with the system it
 * measures, so it should use little CPU: a request over a raw socket takes half as much as one with `fetch`, and a
 * seventh as much as one with a `node:http` agent (measured by load-cost.ts). Replies must have a `Content-Length`; for
 * a chunked reply, `send` rejects.
 */
export async function openHttpConnection(url: URL): Promise<HttpConnection> {
  let pending: PromiseWithResolvers<HttpReply> | null = null;
  let received = "";
  let unsent: Uint8Array | null = null;

  const flush = (socket: Socket) => {
    if (!unsent) return;
    const written = socket.write(unsent);
    unsent = written < unsent.byteLength ? unsent.subarray(written) : null;
  };
  const fail = (reason: Error) => {
    const waiting = pending;
    pending = null;
    waiting?.reject(reason);
  };

  const socket = await Bun.connect({
    hostname: url.hostname,
    port: Number(url.port),
    socket: {
      data(_socket, chunk) {
        received = received === "" ? chunk.toString("latin1") : received + chunk.toString("latin1");
        try {
          const reply = parseReply(received);
          if (!reply) return;
          const waiting = pending;
          pending = null;
          received = "";
          waiting?.resolve(reply);
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
        }
      },
      drain: flush,
      close: () => fail(new Error(`Connection to ${url.host} closed while a reply was awaited`)),
      error: (_socket, error) => fail(error),
    },
  });

  return {
    send(request) {
      if (pending) return Promise.reject(new Error("Connection already carries a request"));
      if (socket.readyState !== 1) return Promise.reject(new Error(`Connection to ${url.host} is closed`));
      pending = Promise.withResolvers<HttpReply>();
      unsent = request;
      flush(socket);
      return pending.promise;
    },
    close() {
      fail(new Error(`Connection to ${url.host} was dropped while a reply was awaited`));
      socket.terminate();
    },
  };
}

/** Parses a reply; null until it is complete. Bodies are ASCII JSON, so one character is one byte. */
function parseReply(text: string): HttpReply | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return null;
  const head = text.slice(0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error("Reply has no Content-Length");
  const body = text.slice(headEnd + 4);
  if (body.length < Number(length)) return null;
  return { status: Number(head.slice(9, 12)), body };
}
