import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GATEWAY_ROUTES, READ_MODEL_ROUTES, type Route } from "../../contracts/routes.ts";
import { SERVICE_NAMES, type ServiceName } from "../../contracts/services.ts";

/** One route to send requests to. `port`: where it is not the service's own. */
export interface Target {
  readonly service: ServiceName;
  readonly port?: "terminals";
  readonly method: string;
  readonly path: string;
  readonly route: Pick<Route, "query" | "headers" | "body" | "problems" | "reply">;
}

const UNAVAILABLE = ["STORE_UNAVAILABLE", "BUS_UNAVAILABLE", "PROCESSOR_UNAVAILABLE"] as const;
const reply = { status: 200, schema: {} } as Route["reply"];
const DOCS = ["/openapi.json", "/docs", "/docs/start.js", "/docs/swagger-ui.css"];

/** Every route of every service: the tables, the internal ones of the processor, and what each service has for operators. */
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
    ...[...forDocs, ...forOperators].map((target) => ({
      ...target,
      method: "GET",
      route: { problems: [], reply },
    })),
  ];
}

/** What web-pty answers beside WebSockets. */
function terminalTargets(): Target[] {
  const route = { problems: ["OVERLOADED"], reply } as const;
  return [
    { service: "web-pty", port: "terminals", method: "POST", path: "/ws/ticket", route },
    { service: "web-pty", port: "terminals", method: "GET", path: "/ws", route },
  ];
}

/** The processor's internal routes stand in no table, so they are read from the file that has them. */
function internalTargets(): Target[] {
  const source = readFileSync(join(import.meta.dir, "../../services/processor/app.ts"), "utf8");
  const found = [...source.matchAll(/\.(get|post|delete)\(\s*"\/internal(\/[^"]+)"/g)];
  if (found.length < 5) throw new Error("services/processor/app.ts no longer shows its internal routes");
  return found.map(([, verb = "", tail = ""]) => {
    const method = verb.toUpperCase();
    const path = tail.replaceAll(/:(\w+)/g, "{$1}");
    const outside = Object.values<Route>(GATEWAY_ROUTES).find(
      (route) => route.method === method && route.path === path,
    );
    return {
      service: "processor",
      method,
      path: `/internal${path}`,
      route: { ...(outside?.body && { body: outside.body }), problems: UNAVAILABLE, reply },
    };
  });
}
