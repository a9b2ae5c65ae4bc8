import { AppError } from "../../shared/errors.ts";

interface InProgress {
  readonly fingerprint: string;
  readonly published: Promise<void>;
}

/**
 * Remembers the idempotency keys of all requests in progress, whose number the gateway's in-flight limit bounds, and of
 * the newest `limit` confirmed requests, each with a fingerprint of the request's body. This catches most repeated
 * requests early, but not all, so the processor's intake makes the final decision about each key.
 */
export function createIdempotencyKeys(limit: number) {
  const inProgress = new Map<string, InProgress>();
  const confirmed = new Map<string, string>();

  function remember(key: string, fingerprint: string): void {
    confirmed.delete(key);
    confirmed.set(key, fingerprint);
    if (confirmed.size <= limit) return;
    const [oldest] = confirmed.keys();
    if (oldest !== undefined) confirmed.delete(oldest);
  }

  return {
    /** Throws IDEMPOTENCY_CONFLICT when a remembered request used the key with a different body. */
    refuseOtherBody(key: string, fingerprint: string): void {
      const known = inProgress.get(key)?.fingerprint ?? confirmed.get(key);
      if (known === undefined || known === fingerprint) return;
      throw new AppError(
        "IDEMPOTENCY_CONFLICT",
        `The idempotency key ${JSON.stringify(key)} was used with another body; the first job is unchanged`,
      );
    },

    /**
     * Publishes once per key: a duplicate that arrives during the first request shares its outcome. Resolves to
     * whether this call published. A failed request is forgotten, so it may be repeated.
     */
    async publishOnce(key: string, fingerprint: string, publish: () => Promise<void>): Promise<boolean> {
      const earlier = inProgress.get(key);
      if (earlier) {
        await earlier.published;
        return false;
      }
      if (confirmed.has(key)) return false;
      const published = publish();
      inProgress.set(key, { fingerprint, published });
      try {
        await published;
        remember(key, fingerprint);
      } finally {
        inProgress.delete(key);
      }
      return true;
    },
  };
}
