import { Elysia } from "elysia";
import { isUuid } from "../../contracts/schema.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { createOriginPolicy } from "./origin.ts";
import { problemResponse } from "./to-problem.ts";

export interface EdgeOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly bindAddress: string;
  readonly allowedOrigins: string;
}

/** A status outside RFC 9110. As in nginx, it means that the client closed its connection before the reply. */
const HUNG_UP = 499;
/**
 * The gateway forwards `/x` to a processor as `/internal/x`, but problem documents name the path that the caller used.
 */
const INTERNAL = /^\/internal(?=\/)/;
const QUIET = new Set(["/healthz", "/readyz", "/metrics"]);

/**
 * Creates the edge that all HTTP services share, as an Elysia plugin. It accepts and returns a correlation id, checks
 * Host and Origin, writes one access log line and one duration sample per request, and returns errors as problem+json.
 * Handlers receive `correlationId`; an `x-trace-id` header that they set is also logged.
 */
export function createEdge({ log, metrics, bindAddress, allowedOrigins }: EdgeOptions) {
  const policy = createOriginPolicy(bindAddress, allowedOrigins);
  const durations = metrics.histogram("http_request_duration_seconds", "Time to answer a request", [
    "method",
    "route",
    "status",
  ]);
  const startedAt = new WeakMap<Request, number>();

  return (
    new Elysia({ name: "edge" })
      .onRequest(({ request, set }) => {
        startedAt.set(request, performance.now());
        const given = request.headers.get("x-correlation-id");
        set.headers["x-correlation-id"] = given && isUuid(given) ? given.toLowerCase() : crypto.randomUUID();
        set.headers["x-content-type-options"] = "nosniff";
        const refusal = policy.refusal(request);
        if (refusal) throw new AppError("ORIGIN_REFUSED", refusal);
        if (!hasReadablePath(request.url))
          throw new AppError(
            "MALFORMED_PATH",
            "The path has a percent sign that does not start a UTF-8 character",
          );
      })
      // Keeps Elysia from reading bodies, which it would do for any handler that might use them. Handlers read them
      // themselves, with limits on size and time.
      .onParse({ as: "global" }, () => null)
      .derive({ as: "global" }, ({ set }) => ({ correlationId: String(set.headers["x-correlation-id"]) }))
      .onError({ as: "global" }, ({ error, code, request, set, path }) => {
        const correlationId = String(set.headers["x-correlation-id"]);
        if (request.signal.aborted) {
          // The client has hung up, so no reply can reach it, and there is nothing to investigate.
          set.status = HUNG_UP;
          return new Response(null, { status: HUNG_UP });
        }
        const refusal =
          code === "NOT_FOUND"
            ? new AppError(
                "ROUTE_NOT_FOUND",
                `${request.method} ${path} is not a route; see /docs or the README`,
              )
            : error;
        if (!(refusal instanceof AppError))
          log.error("Request failed", { correlationId, method: request.method, path, error });
        const response = problemResponse(refusal, correlationId, path.replace(INTERNAL, ""));
        set.status = response.status;
        return response;
      })
      .onAfterResponse({ as: "global" }, ({ request, set, route, path, responseValue }) => {
        const durationMs = performance.now() - (startedAt.get(request) ?? performance.now());
        const status = responseValue instanceof Response ? responseValue.status : Number(set.status ?? 200);
        durations.observe(
          { method: request.method, route: route || "none", status: String(status) },
          durationMs / 1_000,
        );
        const write = QUIET.has(path) ? log.debug : log.info;
        write("Request", {
          correlationId: set.headers["x-correlation-id"],
          traceId: set.headers["x-trace-id"],
          method: request.method,
          path,
          status,
          durationMs: Math.round(durationMs * 100) / 100,
        });
      })
  );
}

/** Whether the path can be decoded: Elysia passes no parameters if it cannot. */
function hasReadablePath(url: string): boolean {
  if (!url.includes("%")) return true;
  try {
    decodeURIComponent(new URL(url).pathname);
    return true;
  } catch {
    return false;
  }
}
export type Edge = ReturnType<typeof createEdge>;
