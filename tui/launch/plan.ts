import { OWN_SERVICES, SERVICE_NAMES, type ServiceName } from "../../contracts/services.ts";
import { isFree } from "../engines/port.ts";
import type { EngineUrls } from "./engine-set.ts";
import { projectDir, tuiCommand } from "./place.ts";
import { findPortHolder } from "./port-holder.ts";

const PAGE = { port: 8081, purpose: "The page: terminal and dashboard" };
const TERMINAL_PORT = 9000;

// Ports that people expect at their usual place: those of the services, Grafana, the web page and its terminal.
const reserved = new Set([...SERVICE_NAMES.map(defaultPort), 3002, 8081, 8082, 9000, 9001, 9090, 9093]);

/** One service process to be. */
export interface ServicePlan {
  /** Its name; further processors are processor-2, processor-3, … */
  readonly id: string;
  /** `web-ui` is the page: nginx serves it in containers, a small server of ours here. */
  readonly service: ServiceName | "web-ui";
  readonly port: number;
  readonly url: string;
  readonly purpose: string;
  /** The port of its terminals, which is not that of its operations. */
  readonly terminalPort?: number;
  /** The default port that another program has, and who. */
  readonly moved?: { readonly from: number; readonly holder: string | undefined };
}

/**
 * Plans every service and the page, each on its default port or the next free one that is not another's default. The
 * order is that of stopping.
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
      purpose: service === "web-ui" ? PAGE.purpose : OWN_SERVICES[service].purpose,
      ...(service === "web-pty" && { terminalPort: await take(TERMINAL_PORT) }),
      ...(n === 1 && port !== preferred && { moved: { from: preferred, holder: findPortHolder(preferred) } }),
    };
  };
  const plans: ServicePlan[] = [];
  // A binary does not carry the page's sources, and without the page its terminals have no use.
  if (projectDir !== undefined) plans.push(await planOne("web-ui", 1, PAGE.port));
  const services = SERVICE_NAMES.filter((name) => projectDir !== undefined || name !== "web-pty");
  for (const service of services)
    for (let n = 1; n <= (service === "processor" ? processors : 1); n++)
      plans.push(await planOne(service, n, defaultPort(service)));
  return plans;
}

/** The variables of one service: everything that the environment has, with our addresses over it. */
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
      // The page passes its clients' addresses on.
      PTY_TRUSTED_PROXIES: env.PTY_TRUSTED_PROXIES ?? "127.0.0.1,::1",
    }),
    INSTANCE_ID: undefined, // One name cannot be that of several processes.
  };
}

/** The address of a service's first process. */
export function urlOf(plans: readonly ServicePlan[], service: ServicePlan["service"]): string {
  const plan = plans.find((one) => one.service === service);
  if (!plan) throw new Error(`No ${service} is planned`);
  return plan.url;
}

/** The port itself, or the next free one that is no service's default. */
export async function nextFree(preferred: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = preferred; port < 65_536; port++) {
    if (taken.has(port) || (port !== preferred && reserved.has(port))) continue;
    if (await isFree(port)) return port;
  }
  throw new Error(`No port from ${preferred} upwards is free on 127.0.0.1`);
}

function reachable(bindAddress: string): string {
  if (bindAddress === "0.0.0.0" || bindAddress === "::") return "127.0.0.1";
  return bindAddress.includes(":") ? `[${bindAddress}]` : bindAddress;
}

function defaultPort(service: ServiceName): number {
  return OWN_SERVICES[service].health.port;
}
