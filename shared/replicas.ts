import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { within } from "./async.ts";

/** Returns a host name's current addresses; rejects if there are none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

const LOOKUP_MS = 2_000;

/**
 * Returns a function that resolves to one base URL for each current replica behind the given URLs. A name in an `http:`
 * URL, which may have several addresses (a headless Kubernetes Service, a scaled Compose service), is looked up each
 * time: replicas come and go, and connecting to the name itself would reach an arbitrary replica. A name without
 * addresses stays as it is, so a request to it fails with the reason.
 */
export function createReplicas(urls: readonly string[], addressesOf: Lookup = addresses) {
  return async (): Promise<readonly string[]> => [
    ...new Set((await Promise.all(urls.map((url) => replicasOf(url, addressesOf)))).flat()),
  ];
}

async function replicasOf(url: string, addressesOf: Lookup): Promise<readonly string[]> {
  const { protocol, hostname, port, pathname } = new URL(url);
  const base = pathname.replace(/\/$/, "");
  // Keeps the name of an `https:` URL, because the certificate is valid only for that name.
  if (protocol !== "http:") return [url.replace(/\/$/, "")];
  const found = await addressesOf(hostname.replace(/^\[|\]$/g, "")).catch(() => []);
  if (found.length === 0) return [url.replace(/\/$/, "")];
  return found.map((address) => {
    const host = isIPv6(address) ? `[${address}]` : address;
    return `http://${host}${port && `:${port}`}${base}`;
  });
}

/**
 * Returns addresses of one family only: a replica with both an IPv4 and an IPv6 address would otherwise appear twice.
 */
async function addresses(host: string): Promise<readonly string[]> {
  const all = await within(LOOKUP_MS, lookup(host, { all: true }), `Looking up ${host}`);
  const family = all.some((one) => one.family === 4) ? 4 : 6;
  return all.filter((one) => one.family === family).map(({ address }) => address);
}
