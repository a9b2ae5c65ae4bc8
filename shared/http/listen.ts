import type { AnyElysia } from "elysia";
import type { Log } from "../log.ts";
import type { Lifecycle } from "../process-lifecycle.ts";
import { MAX_BODY_MS } from "./read-request.ts";

export interface ListenOptions {
  readonly app: AnyElysia;
  readonly port: number;
  readonly bindAddress: string;
  readonly life: Lifecycle;
  readonly log: Log;
  /** The largest request body that the server accepts. */
  readonly maxBodyBytes?: number;
  /** The idle time after which a connection is closed if no handler read its request's body. */
  readonly unreadBodyMs?: number;
}

/**
 * Listens until the lifecycle stops, then finishes the requests in progress. Returns the bound port; port 0 picks a
 * free one.
 */
export function listen({
  app,
  port,
  bindAddress,
  life,
  log,
  maxBodyBytes = 1_048_576,
  unreadBodyMs = MAX_BODY_MS,
}: ListenOptions): number {
  const server = Bun.serve({
    hostname: bindAddress,
    port,
    // No idle timeout, because an event stream may be idle for longer than any timeout that suits a request. Each route
    // limits its own time instead.
    idleTimeout: 0,
    maxRequestBodySize: maxBodyBytes,
    async fetch(request, connection) {
      const reply = await app.handle(request);
      // A handler that reads a body limits the time for it. If no handler reads the body, an idle timeout keeps the
      // request from holding the connection open.
      if (!request.bodyUsed && hasBody(request)) connection.timeout(request, unreadBodyMs / 1_000);
      return reply;
    },
  });
  const bound = server.port ?? port;
  life.defer("http", async () => {
    const closed = server.stop();
    const force = () => void server.stop(true);
    life.abort.addEventListener("abort", force, { once: true });
    await closed;
    life.abort.removeEventListener("abort", force);
  });
  log.info("Listening", { address: bindAddress, port: bound });
  return bound;
}

function hasBody({ headers }: Request): boolean {
  return headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > 0;
}
