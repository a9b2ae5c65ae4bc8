import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Returns a secret of 256 random bits as 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/**
 * Returns the hash that is stored instead of a secret. Hashes all have the same length, which the constant-time
 * comparison requires.
 */
export function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

export function matchesHash(given: string, hash: Buffer): boolean {
  return timingSafeEqual(hashOf(given), hash);
}

export interface Tickets {
  issue(): string;
  /** Uses up the ticket and returns whether it was valid. */
  take(ticket: string): boolean;
}

/**
 * Issues one-time tickets. A client exchanges its token for a ticket and opens a terminal with the ticket, so no
 * terminal message contains the token.
 */
export function createTickets({ lifetimeMs, max }: { lifetimeMs: number; max: number }): Tickets {
  const expiries = new Map<string, number>();
  return {
    issue() {
      const now = performance.now();
      for (const [key, expiry] of expiries) if (expiry < now || expiries.size >= max) expiries.delete(key);
      const ticket = newSecret();
      expiries.set(hashOf(ticket).toString("base64"), now + lifetimeMs);
      return ticket;
    },
    take(ticket) {
      const key = hashOf(ticket).toString("base64");
      const expiry = expiries.get(key);
      return expiries.delete(key) && expiry !== undefined && expiry >= performance.now();
    },
  };
}
