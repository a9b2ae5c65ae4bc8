import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** A secret of 256 random bits as 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What is kept of a secret; comparing hashes takes the same time wherever two texts differ. */
export function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

export function isSecret(given: string, hash: Buffer): boolean {
  return timingSafeEqual(hashOf(given), hash);
}

export interface Tickets {
  issue(): string;
  /** Whether the ticket is valid; it is used up by this call. */
  take(ticket: string): boolean;
}

/** One-time tickets that stand for a checked token, so that the token itself is in no message of a terminal. */
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
