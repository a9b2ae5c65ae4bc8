import { connect } from "node:net";
import { URL_NAMES, type UrlName } from "./engine-set.ts";

const POSTGRES = { postgres: 5432, postgresql: 5432 };

/** The URL schemes that the services accept, each with its default port. */
const SCHEMES: Readonly<Record<UrlName, Readonly<Record<string, number>>>> = {
  BUS_URL: { amqp: 5672, amqps: 5671, ...POSTGRES },
  DATABASE_URL: POSTGRES,
  EVENTS_URL: { mongodb: 27017, "mongodb+srv": 0, ...POSTGRES },
  CACHE_URL: { redis: 6379, rediss: 6379, ...POSTGRES },
};

export interface GivenUrls {
  readonly urls: Partial<Record<UrlName, string>>;
  /** One sentence for each unusable URL, without its password. */
  readonly faults: string[];
}

/** Reads the engine URLs from the environment, and tries to connect to each that names a single host. */
export async function readGivenUrls(
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs = 3_000,
): Promise<GivenUrls> {
  const urls = Object.fromEntries(URL_NAMES.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  const faults = await Promise.all(
    Object.entries(urls).map(([name, url]) => faultOf(name as UrlName, url, timeoutMs)),
  );
  return { urls, faults: faults.filter((fault) => fault !== undefined) };
}

/** Returns the host and port of a URL for display, without user, password and options. */
export function addressOf(url: string): string {
  return /^[a-z+]+:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url)?.[1] || "(unknown)";
}

async function faultOf(name: UrlName, url: string, timeoutMs: number): Promise<string | undefined> {
  const scheme = /^([a-z+]+):\/\/./i.exec(url)?.[1]?.toLowerCase() ?? "";
  const port = SCHEMES[name][scheme];
  const wanted = Object.keys(SCHEMES[name])
    .map((one) => `${one}://`)
    .join(" or ");
  if (port === undefined) {
    return `${name} ${scheme ? `starts with ${scheme}://` : "is not a URL"}, expected one that starts with ${wanted}`;
  }
  const address = addressOf(url);
  // Only the driver can resolve a list of hosts or a DNS service name (mongodb+srv).
  if (port === 0 || address.includes(",")) return undefined;
  if (!URL.canParse(`tcp://${address}`)) return `${name} has the address ${address}, expected host:port`;
  const { hostname, port: given } = new URL(`tcp://${address}`);
  const reason = await knock(hostname.replace(/^\[|\]$/g, ""), Number(given || port), timeoutMs);
  return reason && `${name} names ${address}, where nothing answers (${reason}); start it, or unset ${name}`;
}

/** Tries to connect. Returns the reason if that fails, otherwise undefined. */
function knock(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (reason?: string) => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(timeoutMs, () => finish(`no answer within ${timeoutMs / 1_000} s`));
    socket.on("error", (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    socket.on("connect", () => finish());
  });
}
