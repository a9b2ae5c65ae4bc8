import { createHash, timingSafeEqual } from "node:crypto";
import { AppError } from "../../shared/errors.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

/**
 * Who may call the webhook: with a token, whoever sends it as `Authorization: Bearer …` (RFC 6750); without one,
 * whoever reaches a service that listens on this machine alone, and nobody elsewhere. Refuses with UNAUTHORIZED.
 */
export function createWebhookAccess(token: string | undefined, bindAddress: string) {
  return (authorization: string | null): void => {
    if (token === undefined) {
      if (LOOPBACK.has(bindAddress)) return;
      throw new AppError(
        "UNAUTHORIZED",
        "The webhook is closed: set ALERT_WEBHOOK_TOKEN where the service listens on more than loopback",
      );
    }
    const given = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1];
    // Digests have one length, so that the comparison tells nothing about the token's.
    if (given === undefined || !timingSafeEqual(digest(given), digest(token)))
      throw new AppError("UNAUTHORIZED", "The webhook wants its token as Authorization: Bearer");
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
