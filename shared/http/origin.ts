import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

/**
 * The web page's port. The page's proxy passes the browser's Origin on to web-pty; nginx does so for HTTP requests too.
 */
const WEB_PORT = 8081;

export interface OriginPolicy {
  /** Returns why this request is refused, or undefined if it may pass. */
  refusal(request: Request): string | undefined;
}

/**
 * Guards against other sites' pages and DNS rebinding. `Host` must name this machine's loopback, the bind address (any
 * address of this machine if the service listens on all) or the host of an allowed origin. A browser's `Origin` must be
 * the service's own origin or an allowed one. `allowedOrigins` lists origins such as `https://desk.example:8443`,
 * separated by commas; an entry that is not an http or https URL throws.
 */
export function createOriginPolicy(bindAddress: string, allowedOrigins: string): OriginPolicy {
  const origins = new Set([`http://localhost:${WEB_PORT}`, `http://127.0.0.1:${WEB_PORT}`]);
  const hosts = new Set(["localhost", "127.0.0.1", "[::1]"]);
  const listensOnAll = bindAddress === "0.0.0.0" || bindAddress === "::";
  if (!listensOnAll) hosts.add(bindAddress.includes(":") ? `[${bindAddress}]` : bindAddress);
  for (const text of allowedOrigins
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || (url.protocol !== "http:" && url.protocol !== "https:"))
      throw new Error(
        `ALLOWED_ORIGINS has ${JSON.stringify(text)}: expected origins such as http://host:port, separated by commas`,
      );
    origins.add(url.origin);
    hosts.add(url.hostname);
  }
  return {
    refusal(request) {
      const host = request.headers.get("host") ?? "";
      // Handlers parse the request's URL, which contains the host.
      if (!URL.canParse(`http://${host}`))
        return `Host is ${JSON.stringify(host.slice(0, 100))}, which cannot be part of a URL`;
      const [, hostname = ""] = /^(.*?)(?::\d+)?$/.exec(host.toLowerCase()) ?? [];
      if (!hosts.has(hostname) && !(listensOnAll && isOwnAddress(hostname)))
        return `Host is ${JSON.stringify(host.slice(0, 100))}; add its origin to ALLOWED_ORIGINS to allow it`;
      const origin = request.headers.get("origin");
      if (
        origin === null ||
        origin === `http://${host}` ||
        origin === `https://${host}` ||
        origins.has(origin)
      )
        return undefined;
      return `Origin is ${JSON.stringify(origin.slice(0, 100))}; add it to ALLOWED_ORIGINS to allow it`;
    },
  };
}

/**
 * Whether a host is one of this machine's addresses. Prometheus, the gateway and the metrics-engine call some services
 * by IP address. DNS rebinding cannot produce such a `Host`, because it needs a host name. Addresses may change, so
 * they are read each time.
 */
function isOwnAddress(hostname: string): boolean {
  const text = hostname.replace(/^\[|\]$/g, "");
  if (!isIP(text)) return false;
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === text));
}
