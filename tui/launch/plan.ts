import { OWN_SERVICES, SERVICE_NAMES, type ServiceName } from "../../contracts/services.ts";
import { isFree } from "../engines/port.ts";
import type { EngineUrls } from "./engine-set.ts";
import { findPortHolder } from "./port-holder.ts";

// Ports that people expect at their usual place: those of the services, Grafana, the web page and its terminal.
const reserved = new Set([...SERVICE_NAMES.map(defaultPort), 3002, 8081, 8082, 9000, 9001, 9090, 9093]);

/** One service process to be. */
export interface ServicePlan {
  /** Its name; further processors are processor-2, processor-3, … */
  readonly id: string;
  readonly service: ServiceName;
  readonly port: number;
  readonly url: string;
  readonly purpose: string;
  /** The default port that another program has, and who. */
  readonly moved?: { readonly from: number; readonly holder: string | undefined };
}

/** Gives every service a port: its default, or the next free one that is nobody's default. In the order of stopping. */
export async function planServices(processors: number, bindAddress: string): Promise<ServicePlan[]> {
  const taken = new Set<number>();
  const plans: ServicePlan[] = [];
  for (const service of SERVICE_NAMES) {
    for (let n = 1; n <= (service === "processor" ? processors : 1); n++) {
      const preferred = defaultPort(service);
      const port = await nextFree(preferred, taken);
      taken.add(port);
      plans.push({
        id: n === 1 ? service : `${service}-${n}`,
        service,
        port,
        url: `http://${reachable(bindAddress)}:${port}`,
        purpose: OWN_SERVICES[service].purpose,
        ...(n === 1 &&
          port !== preferred && { moved: { from: preferred, holder: findPortHolder(preferred) } }),
      });
    }
  }
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
  return {
    ...env,
    ...urls,
    PORT: String(plan.port),
    PROCESSOR_URL: processors.join(","),
    INSTANCE_ID: undefined, // One name cannot be that of several processes.
  };
}

/** The address of a service's first process. */
export function urlOf(plans: readonly ServicePlan[], service: ServiceName): string {
  const plan = plans.find((one) => one.service === service);
  if (!plan) throw new Error(`No ${service} is planned`);
  return plan.url;
}

/** The port itself, or the next free one that is nobody's default. */
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
