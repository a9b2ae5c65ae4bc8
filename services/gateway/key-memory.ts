/** The newest idempotency keys with the fingerprints of their bodies; at most `limit` of them. */
export function createKeyMemory(limit: number) {
  const fingerprints = new Map<string, string>();
  return {
    get: (key: string) => fingerprints.get(key),
    set(key: string, fingerprint: string): void {
      fingerprints.delete(key);
      fingerprints.set(key, fingerprint);
      if (fingerprints.size <= limit) return;
      for (const oldest of fingerprints.keys()) {
        fingerprints.delete(oldest);
        break;
      }
    },
  };
}
