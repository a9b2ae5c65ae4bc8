import { type BlockList, isIP } from "node:net";
import type { OriginPolicy } from "../../shared/http/origin.ts";
import { hashOf, matchesHash, type Tickets } from "./secrets.ts";

export interface AccessOptions {
  readonly origins: OriginPolicy;
  /** Proxies whose X-Forwarded-For is trusted. */
  readonly trustedProxies: BlockList;
  /** The bearer token that opens terminals; undefined when none is needed. */
  readonly token: string | undefined;
  readonly tickets: Tickets;
}

/** Decides who may connect, and to which IP address each connection is attributed. */
export function createAccess({ origins, trustedProxies, token, tickets }: AccessOptions) {
  const tokenHash = token === undefined ? undefined : hashOf(token);

  return {
    /** Returns why a request must be refused, or undefined if it is allowed. */
    refusal: (request: Request) => origins.refusal(request),

    /** Returns a one-time ticket, or undefined if the required bearer token is missing or wrong. */
    ticketFor(authorization: string | null): string | undefined {
      const given = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
      if (tokenHash && !(given && matchesHash(given, tokenHash))) return undefined;
      return tickets.issue();
    },

    /** Redeems a ticket. Returns an error code if the terminal may not be opened, otherwise undefined. */
    redeemTicket(ticket: string | undefined): "AUTH_REQUIRED" | "AUTH_FAILED" | undefined {
      if (!tokenHash) return undefined;
      if (ticket === undefined) return "AUTH_REQUIRED";
      return tickets.take(ticket) ? undefined : "AUTH_FAILED";
    },

    /**
     * Returns the browser's IP address: the first address that is not a trusted proxy, starting with the socket's peer
     * and then going backwards through X-Forwarded-For.
     */
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

/** Strips the IPv6 prefix of a mapped IPv4 address, so both forms count as one address. */
function plain(address: string): string {
  return address.trim().replace(/^::ffff:(?=\d+\.)/i, "");
}
