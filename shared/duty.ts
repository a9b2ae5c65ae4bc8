export interface Duty {
  /** A round succeeded, also one that found nothing to do. */
  done(): void;
  failed(reason: string): void;
  /** Why no round has succeeded for too long; undefined otherwise. */
  whyStuck(): string | undefined;
}

/**
 * Watches a loop that tries again until it works. The loop is stuck once no round has succeeded for `limitMs`, whether
 * its rounds fail or hang.
 */
export function createDuty(what: string, limitMs: number, now: () => number = () => performance.now()): Duty {
  let doneAt = now();
  let reason: string | undefined;
  return {
    done() {
      doneAt = now();
      reason = undefined;
    },
    failed(why) {
      reason = why;
    },
    whyStuck() {
      const silentMs = now() - doneAt;
      if (silentMs <= limitMs) return undefined;
      return `${what} has not succeeded for ${Math.round(silentMs / 1_000)} s: ${reason ?? "it does not end"}`;
    },
  };
}
