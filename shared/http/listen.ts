import type { AnyElysia } from "elysia";
import type { Lifecycle } from "../lifecycle.ts";
import type { Log } from "../log.ts";

export interface ListenOptions {
  readonly app: AnyElysia;
  readonly port: number;
  readonly bindAddress: string;
  readonly life: Lifecycle;
  readonly log: Log;
  /** Largest request body in bytes that is read at all. */
  readonly maxBodyBytes?: number;
}

/** Listen until the lifecycle stops; then finish the requests under way. Gives the port that was bound (0: a free one). */
export function listen({
  app,
  port,
  bindAddress,
  life,
  log,
  maxBodyBytes = 1_048_576,
}: ListenOptions): number {
  const server = Bun.serve({
    hostname: bindAddress,
    port,
    // A stream may be silent for longer than any request; each route bounds its own work.
    idleTimeout: 0,
    maxRequestBodySize: maxBodyBytes,
    fetch: (request) => app.handle(request),
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
