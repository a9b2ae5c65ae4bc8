interface UnderWay {
  readonly fingerprint: string;
  readonly published: Promise<void>;
}

/**
 * What this gateway knows of idempotency keys: those whose request is in progress, bounded by the requests in flight,
 * and the newest `limit` confirmed ones, with the fingerprints of their bodies.
 */
export function createIdempotencyKeys(limit: number) {
  const underWay = new Map<string, UnderWay>();
  const confirmed = new Map<string, string>();

  function remember(key: string, fingerprint: string): void {
    confirmed.delete(key);
    confirmed.set(key, fingerprint);
    if (confirmed.size <= limit) return;
    const [oldest] = confirmed.keys();
    if (oldest !== undefined) confirmed.delete(oldest);
  }

  return {
    /** The fingerprint of the request with this key, in progress or confirmed. */
    get: (key: string) => underWay.get(key)?.fingerprint ?? confirmed.get(key),

    /**
     * Publishes once per key: a duplicate that arrives during the first request shares its outcome. Resolves to
     * whether this call published. A failed request is forgotten, so that it can be repeated.
     */
    async publishOnce(key: string, fingerprint: string, publish: () => Promise<void>): Promise<boolean> {
      const earlier = underWay.get(key);
      if (earlier) {
        await earlier.published;
        return false;
      }
      if (confirmed.has(key)) return false;
      const published = publish();
      underWay.set(key, { fingerprint, published });
      try {
        await published;
        remember(key, fingerprint);
      } finally {
        underWay.delete(key);
      }
      return true;
    },
  };
}
