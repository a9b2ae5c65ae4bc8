import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { BASE_CONFIG, Url } from "../shared/config.ts";
import { AppError, messageOf } from "../shared/errors.ts";
import { createOriginPolicy } from "../shared/http/origin.ts";
import { problemResponse } from "../shared/http/to-problem.ts";
import type { Log } from "../shared/log.ts";
import { runService, type ServiceContext } from "../shared/service.ts";
import { buildPage } from "./build.ts";
import { PAGE_HEADERS } from "./headers.ts";
import { createSocketProxy, type Proxied } from "./socket-proxy.ts";
import versionText from "./VERSION" with { type: "text" };

const Config = Type.Object({
  ...BASE_CONFIG,
  PORT: Type.Integer({ default: 8081, minimum: 0, maximum: 65_535, description: "Port of the page" }),
  PTY_URL: Url(["ws", "wss"], { default: "ws://127.0.0.1:9000/ws", description: "The terminal service" }),
  GATEWAY_URL: Url(["http", "https"], { default: "http://127.0.0.1:3000", description: "The gateway" }),
  READ_MODEL_URL: Url(["http", "https"], { default: "http://127.0.0.1:8080", description: "The read model" }),
});

/** A path prefix and the URL of the service behind it. */
type Upstream = readonly [prefix: string, url: string];

/**
 * Serves the page in a local run, with the same routes and headers as nginx in containers: `/api` and `/runbooks` go to
 * the read-model, `/gateway` to the gateway and `/ws` to web-pty.
 */
async function start({ config, log, life }: ServiceContext<typeof Config.static>): Promise<void> {
  const folder = join(import.meta.dir, "../dist/web");
  await buildPage(folder);
  const policy = createOriginPolicy(config.BIND_ADDRESS, config.ALLOWED_ORIGINS);
  const sockets = createSocketProxy(config.PTY_URL);
  const upstreams: readonly Upstream[] = [
    ["/api", config.READ_MODEL_URL],
    ["/runbooks", `${config.READ_MODEL_URL}/runbooks`],
    ["/gateway", config.GATEWAY_URL],
    ["/ws", config.PTY_URL.replace(/^ws/, "http")],
  ];

  const server = Bun.serve<Proxied>({
    hostname: config.BIND_ADDRESS,
    port: config.PORT,
    // No timeout, because the live stream may be silent for longer than the default of 10 s.
    idleTimeout: 0,
    async fetch(request, self) {
      const refusal = policy.refusal(request);
      if (refusal) return problemResponse(new AppError("ORIGIN_REFUSED", refusal), crypto.randomUUID());
      // nginx also rejects TRACE. Echoing a request with its headers would help only an attacker.
      if (request.method === "TRACE")
        return problemResponse(
          new AppError("METHOD_NOT_ALLOWED", "The page does not accept TRACE requests"),
          crypto.randomUUID(),
        );
      const { pathname } = new URL(request.url);
      if (pathname === "/healthz" || pathname === "/readyz") return Response.json({ status: "ready" });
      if (pathname === "/ws" && request.headers.get("upgrade")?.toLowerCase() === "websocket")
        return sockets.upgrade(request, self);
      const upstream = upstreams.find(([prefix]) => pathname === prefix || pathname.startsWith(`${prefix}/`));
      if (upstream) return forward(request, upstream, log);
      return file(folder, pathname);
    },
    websocket: sockets.handler,
  });
  life.defer("page", () => server.stop(true));
  log.info("Ready", { port: server.port });
}

/** Forwards a request, with the path after the prefix, to the service behind that prefix. */
async function forward(request: Request, [prefix, base]: Upstream, log: Log): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const url = `${base}${pathname.slice(prefix.length)}${search}`;
  const headers = new Headers(request.headers);
  headers.delete("host");
  // The origin policy has already checked `Origin`. The service would compare `Origin` with its own host instead of the
  // page's, and could refuse the request.
  headers.delete("origin");
  headers.delete("accept-encoding");
  try {
    return await fetch(url, {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual",
      signal: request.signal,
    });
  } catch (error) {
    // The browser has disconnected, so this response is never delivered.
    if (request.signal.aborted) return new Response(null, { status: 499 });
    const correlationId = crypto.randomUUID();
    log.warn("A service does not answer", { url, reason: messageOf(error), correlationId });
    const problem = new AppError("UNREACHABLE", `The service behind ${prefix} does not answer`);
    return problemResponse(problem, correlationId, pathname);
  }
}

async function file(folder: string, pathname: string): Promise<Response> {
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const found = /^[\w.-]+$/.test(name) ? Bun.file(join(folder, name)) : undefined;
  if (!found || !(await found.exists()))
    return new Response("Not found\n", { status: 404, headers: PAGE_HEADERS });
  return new Response(found, { headers: PAGE_HEADERS });
}

await runService({
  service: "web-ui",
  summary: "serves the page",
  versionText,
  config: Config,
  start,
});
