import {
  entryOf,
  JOB_SERVICES,
  OWN_SERVICES,
  portOf,
  SERVICE_CATALOG,
  SERVICE_NAMES,
} from "../../contracts/services.ts";
import { isFree } from "../engines/port.ts";
import type { EngineUrls } from "./engine-set.ts";
import { projectDir, type RunService, tuiCommand } from "./place.ts";
import { findPortHolder } from "./port-holder.ts";

const PAGE_PORT = portOf("web-ui").port;
const TERMINAL_PORT = portOf("web-pty", "Terminals, WebSocket").port;

/**
 * Ports that are never chosen in place of a taken default port: the services' default ports and every port that a
 * deployment publishes.
 */
const RESERVED: ReadonlySet<number> = new Set(
  SERVICE_CATALOG.services.flatMap(({ role, ports }) =>
    ports.flatMap(({ port, published }) => [
      ...(role === "service" ? [port] : []),
      ...(published ? [published.port] : []),
    ]),
  ),
);

/** A service process to start. */
export interface ServicePlan {
  /** The process's name. Further processors are processor-2, processor-3, … */
  readonly id: string;
  readonly service: RunService;
  readonly port: number;
  readonly url: string;
  readonly purpose: string;
  /** The port on which web-pty serves terminals; its other port, `port`, serves only health checks and metrics. */
  readonly terminalPort?: number;
  /** Set if another program holds the default port `from`; `holder` names that program. */
  readonly moved?: { readonly from: number; readonly holder: string | undefined };
}

/**
 * Plans the processes to start, in the order in which they are stopped: the page and every service or, in a compiled
 * binary, only the services that handle jobs. Each uses its default port or, if that is taken, the next free port that
 * is not reserved.
 */
export async function planServices(processors: number, bindAddress: string): Promise<ServicePlan[]> {
  const taken = new Set<number>();
  const take = async (preferred: number) => {
    const port = await nextFree(preferred, taken);
    taken.add(port);
    return port;
  };
  const planOne = async (
    service: ServicePlan["service"],
    n: number,
    preferred: number,
  ): Promise<ServicePlan> => {
    const port = await take(preferred);
    return {
      id: n === 1 ? service : `${service}-${n}`,
      service,
      port,
      url: `http://${reachable(bindAddress)}:${port}`,
      purpose: entryOf(service).purpose,
      ...(service === "web-pty" && { terminalPort: await take(TERMINAL_PORT) }),
      ...(n === 1 && port !== preferred && { moved: { from: preferred, holder: findPortHolder(preferred) } }),
    };
  };
  const plans: ServicePlan[] = [];
  // A binary does not contain the page's sources, and web-pty is useless without the page.
  if (projectDir !== undefined) plans.push(await planOne("web-ui", 1, PAGE_PORT));
  const services = projectDir === undefined ? JOB_SERVICES : SERVICE_NAMES;
  for (const service of services)
    for (let n = 1; n <= (service === "processor" ? processors : 1); n++)
      plans.push(await planOne(service, n, OWN_SERVICES[service].health.port));
  return plans;
}

/** Returns the variables for one service: the whole environment, overridden with this run's URLs and ports. */
export function environmentOf(
  plan: ServicePlan,
  all: readonly ServicePlan[],
  urls: EngineUrls,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const processors = all.filter(({ service }) => service === "processor").map(({ url }) => url);
  const terminalPort = all.find(({ service }) => service === "web-pty")?.terminalPort;
  return {
    ...env,
    ...urls,
    PORT: String(plan.port),
    PROCESSOR_URL: processors.join(","),
    GATEWAY_URL: urlOf(all, "gateway"),
    READ_MODEL_URL: urlOf(all, "read-model"),
    ...(terminalPort !== undefined && {
      PTY_URL: `ws://127.0.0.1:${terminalPort}/ws`,
      PTY_WS_PORT: String(terminalPort),
      PTY_METRICS_PORT: String(plan.port),
      PTY_TUI_BINARY: env.PTY_TUI_BINARY ?? JSON.stringify(tuiCommand()),
      // The page's server is a proxy on this machine that forwards its clients' addresses.
      PTY_TRUSTED_PROXIES: env.PTY_TRUSTED_PROXIES ?? "127.0.0.1,::1",
    }),
    INSTANCE_ID: undefined, // Processes must not share an id.
  };
}

/** Returns the URL of a service's first process. */
export function urlOf(plans: readonly ServicePlan[], service: ServicePlan["service"]): string {
  const plan = plans.find((one) => one.service === service);
  if (!plan) throw new Error(`No ${service} is planned`);
  return plan.url;
}

/** Returns `preferred` if it is free, otherwise the next free port that is not reserved. */
export async function nextFree(preferred: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = preferred; port < 65_536; port++) {
    if (taken.has(port) || (port !== preferred && RESERVED.has(port))) continue;
    if (await isFree(port)) return port;
  }
  throw new Error(`No port from ${preferred} upwards is free on 127.0.0.1`);
}

function reachable(bindAddress: string): string {
  if (bindAddress === "0.0.0.0" || bindAddress === "::") return "127.0.0.1";
  return bindAddress.includes(":") ? `[${bindAddress}]` : bindAddress;
}
