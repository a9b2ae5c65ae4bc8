import { type BlockList, isIP } from "node:net";
import type { OriginPolicy } from "../../shared/http/origin.ts";
import { hashOf, isSecret, type Tickets } from "./secrets.ts";

export interface AccessOptions {
  readonly origins: OriginPolicy;
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: BlockList;
  /** The bearer token that opens terminals; undefined when none is needed. */
  readonly token: string | undefined;
  readonly tickets: Tickets;
}

/** Who may connect, and by which address they count. */
export function createAccess({ origins, trustedProxies, token, tickets }: AccessOptions) {
  const tokenHash = token === undefined ? undefined : hashOf(token);

  return {
    /** Why a request is refused before anything else, or undefined. */
    refusal: (request: Request) => origins.refusal(request),

    /** A one-time ticket for the right bearer token; undefined for a wrong one. */
    ticketFor(authorization: string | null): string | undefined {
      const given = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
      if (tokenHash && !(given && isSecret(given, tokenHash))) return undefined;
      return tickets.issue();
    },

    /** Whether a new terminal may be opened with this ticket. */
    mayOpen(ticket: string | undefined): "AUTH_REQUIRED" | "AUTH_FAILED" | undefined {
      if (!tokenHash) return undefined;
      if (ticket === undefined) return "AUTH_REQUIRED";
      return tickets.take(ticket) ? undefined : "AUTH_FAILED";
    },

    /** The address of the browser: the nearest one in X-Forwarded-For that is no trusted proxy, else the socket's own. */
    addressOf(socketAddress: string, forwardedFor: string | null): string {
      const chain = [...(forwardedFor ?? "").split(","), socketAddress].map((part) => plain(part)).reverse();
      for (const [i, address] of chain.entries()) {
        if (isIP(address) === 0) return chain[i - 1] ?? plain(socketAddress);
        if (!trustedProxies.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")) return address;
      }
      return chain.at(-1) ?? plain(socketAddress);
    },
  };
}
export type Access = ReturnType<typeof createAccess>;

/** An IPv4 address that arrived over IPv6 is the same address. */
function plain(address: string): string {
  return address.trim().replace(/^::ffff:(?=\d+\.)/i, "");
}
