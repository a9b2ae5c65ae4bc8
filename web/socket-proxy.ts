import { PTY_PROTOCOL } from "../contracts/pty.ts";

/** The upstream connection of a browser's socket. */
export interface Proxied {
  readonly upstream: WebSocket;
  /** Frames that arrived before the upstream socket was open. */
  readonly early: (string | Uint8Array<ArrayBuffer>)[];
}

const MAX_EARLY = 16;

/**
 * Creates a proxy for WebSocket frames between browsers and the terminal service. It needs no backpressure, because
 * the protocol's acknowledgments limit the data in flight.
 */
export function createSocketProxy(url: string) {
  return {
    upgrade(request: Request, server: Bun.Server<Proxied>): Response | undefined {
      // The terminal service checks the page's origin itself, so it receives the browser's Host and Origin.
      const headers: Record<string, string> = { host: request.headers.get("host") ?? "" };
      const origin = request.headers.get("origin");
      if (origin) headers.origin = origin;
      const client = server.requestIP(request)?.address;
      if (client) headers["x-forwarded-for"] = client;
      const upstream = new WebSocket(url, { protocols: [PTY_PROTOCOL], headers } as never);
      upstream.binaryType = "arraybuffer";
      const data: Proxied = { upstream, early: [] };
      if (server.upgrade(request, { data, headers: { "sec-websocket-protocol": PTY_PROTOCOL } }))
        return undefined;
      upstream.close();
      return new Response("The terminal is a WebSocket\n", { status: 400 });
    },
    handler: {
      data: {} as Proxied,
      perMessageDeflate: false,
      open(socket: Bun.ServerWebSocket<Proxied>) {
        const { upstream, early } = socket.data;
        upstream.onopen = () => {
          for (const frame of early.splice(0)) upstream.send(frame);
        };
        upstream.onmessage = ({ data }) => void socket.send(data);
        upstream.onclose = ({ code, reason }) =>
          socket.close(code === 1005 || code === 1006 ? 1011 : code, reason);
      },
      message(socket: Bun.ServerWebSocket<Proxied>, frame: string | Buffer<ArrayBuffer>) {
        const { upstream, early } = socket.data;
        if (upstream.readyState === WebSocket.OPEN) upstream.send(frame);
        else if (early.length < MAX_EARLY) early.push(frame);
        else socket.close(1008, "too many frames before the terminal answered");
      },
      close: ({ data: { upstream } }: Bun.ServerWebSocket<Proxied>) => upstream.close(),
    },
  };
}
