import { AppError } from "../../shared/errors.ts";
import { problemResponse } from "../../shared/http/to-problem.ts";

/** The largest body that a gateway can be configured to accept. The service itself enforces its own limit. */
const MAX_BODY_BYTES = 134_217_728;

/** Holds a service's port while its processes replace each other, so no request is lost. */
export interface Front {
  /**
   * Sends all further requests to this URL. Resolves when the process at the previous URL has answered all its
   * requests; that process may then be stopped.
   */
  lead(url: string): Promise<void>;
  /** Releases the port; requests in progress are cut off. */
  stop(): Promise<void>;
}

export interface FrontOptions {
  /** The service's name, for error responses while no process answers. */
  readonly id: string;
  readonly hostname: string;
  readonly port: number;
}

interface Target {
  readonly url: string;
  /** The number of requests in progress. */
  waiting: number;
  onIdle(): void;
}

/** Listens immediately; requests that arrive before a process is ready are refused with 503. */
export function createFront({ id, hostname, port }: FrontOptions): Front {
  let target: Target | undefined;

  async function pass(request: Request): Promise<Response> {
    const to = target;
    if (!to) return refuse(request, `The ${id} is not ready yet`);
    to.waiting++;
    try {
      return await fetch(`${to.url}${pathOf(request)}`, {
        method: request.method,
        headers: request.headers,
        body: request.body,
        signal: request.signal,
        redirect: "manual",
        // Passes compressed bytes on unchanged, because this proxy does not read them.
        decompress: false,
      });
    } catch (error) {
      if (request.signal.aborted) throw error;
      return refuse(
        request,
        `The ${id} ended before it answered and is being restarted; the request may have been carried out`,
        error,
      );
    } finally {
      if (--to.waiting === 0) to.onIdle();
    }
  }

  const server = Bun.serve({
    hostname,
    port,
    // An idle timeout would cut off event streams that have nothing to send.
    idleTimeout: 0,
    maxRequestBodySize: MAX_BODY_BYTES,
    fetch: pass,
  });

  return {
    async lead(url) {
      const before = target;
      target = { url, waiting: 0, onIdle: () => undefined };
      if (!before || before.waiting === 0) return;
      await new Promise<void>((resolve) => {
        before.onIdle = resolve;
      });
    },
    stop: () => server.stop(true),
  };
}

function refuse(request: Request, sentence: string, cause?: unknown): Response {
  const correlationId = request.headers.get("x-correlation-id") ?? crypto.randomUUID();
  return problemResponse(
    new AppError("STOPPING", sentence, { cause, retryAfterSeconds: 1 }),
    correlationId,
    pathOf(request).split("?")[0],
  );
}

/** Returns the path and query exactly as received. */
const pathOf = ({ url }: Request) => url.replace(/^https?:\/\/[^/?#]*/, "");
