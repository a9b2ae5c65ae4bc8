import { GATEWAY_ROUTES } from "../../contracts/gateway-routes.ts";
import { PROCESSOR_ROUTES } from "../../contracts/processor-routes.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import type { Route } from "../../contracts/route.ts";
import { SERVICE_NAMES, type ServiceName } from "../../contracts/services.ts";

/**
 * A route that requests are sent to: on the service's own port by default, on web-pty's `terminals` port, or through
 * the page's server.
 */
export interface Target {
  readonly service: ServiceName;
  readonly port?: "terminals" | "page";
  readonly method: string;
  readonly path: string;
  readonly route: Pick<Route, "query" | "headers" | "body" | "problems" | "reply">;
}

const UNAVAILABLE = ["STORE_UNAVAILABLE", "BUS_UNAVAILABLE", "PROCESSOR_UNAVAILABLE"] as const;
const reply = { status: 200, schema: {} } as Route["reply"];
const DOCS = ["/openapi.json", "/docs", "/docs/start.js", "/docs/swagger-ui.css"];

/** Returns every route of every service, and the routes that the page's server forwards. */
export function allTargets(): Target[] {
  const tables = { gateway: GATEWAY_ROUTES, "read-model": READ_MODEL_ROUTES } as const;
  const documented = Object.entries(tables).flatMap(([service, routes]) =>
    Object.values<Route>(routes).map((route) => ({
      service: service as ServiceName,
      method: route.method,
      path: route.path,
      route,
    })),
  );
  const forDocs = Object.keys(tables).flatMap((service) =>
    DOCS.map((path) => ({ service: service as ServiceName, path })),
  );
  const forOperators = SERVICE_NAMES.flatMap((service) =>
    ["/", "/healthz", "/readyz", "/metrics"].map((path) => ({ service, path })),
  );
  return [
    ...documented,
    ...internalTargets(),
    ...terminalTargets(),
    ...documented.map((target) => ({
      ...target,
      port: "page" as const,
      path: `${target.service === "gateway" ? "/gateway" : "/api"}${target.path}`,
    })),
    ...terminalTargets().map((target) => ({ ...target, port: "page" as const })),
    ...[...forDocs, ...forOperators].map((target) => ({
      ...target,
      method: "GET",
      route: { problems: [], reply },
    })),
  ];
}

/** Returns web-pty's terminal routes, to be requested over plain HTTP. */
function terminalTargets(): Target[] {
  const route = { problems: ["OVERLOADED"], reply } as const;
  return [
    { service: "web-pty", port: "terminals", method: "POST", path: "/ws/ticket", route },
    { service: "web-pty", port: "terminals", method: "GET", path: "/ws", route },
  ];
}

/** Returns the processor's internal routes, which may also report that an engine is down. */
function internalTargets(): Target[] {
  return Object.values<Route>(PROCESSOR_ROUTES).map((route) => ({
    service: "processor",
    method: route.method,
    path: route.path,
    route: { ...route, problems: [...route.problems, ...UNAVAILABLE] },
  }));
}
