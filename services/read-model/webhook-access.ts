import { createHash, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { AppError } from "../../shared/errors.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

export interface WebhookAccessOptions {
  readonly token: string | undefined;
  /** A file with the token, read at each call because another container may write it after this service has started. */
  readonly tokenFile: string | undefined;
  readonly bindAddress: string;
}

/**
 * Checks the webhook's callers. If a token is set, they must send it as `Authorization: Bearer …` (RFC 6750). Until a
 * configured token file has a token, the webhook is closed. If neither is configured, it is open only if this service
 * listens on loopback alone. Throws UNAUTHORIZED.
 */
export function createWebhookAccess({ token: fixed, tokenFile, bindAddress }: WebhookAccessOptions) {
  return (authorization: string | null): void => {
    const token = fixed ?? readToken(tokenFile);
    if (token === undefined) {
      if (tokenFile !== undefined)
        throw new AppError("UNAUTHORIZED", `The webhook is closed until ${tokenFile} has a token`);
      if (LOOPBACK.has(bindAddress)) return;
      throw new AppError(
        "UNAUTHORIZED",
        "The webhook is closed: a service that listens beyond loopback needs ALERT_WEBHOOK_TOKEN",
      );
    }
    const given = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1];
    // Digests all have the same length, so the comparison does not reveal the token's length.
    if (given === undefined || !timingSafeEqual(digest(given), digest(token)))
      throw new AppError("UNAUTHORIZED", "The webhook requires its token as Authorization: Bearer");
  };
}

function readToken(file: string | undefined): string | undefined {
  if (file === undefined || !existsSync(file)) return undefined;
  return readFileSync(file, "utf8").trim() || undefined;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
