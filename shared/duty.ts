export interface Duty {
  /** Starts the duty's clock; only the first call counts. */
  begin(): void;
  /** Records a successful round, even one that found nothing to do. */
  done(): void;
  failed(reason: string): void;
  /** Returns the reason if no round has succeeded for too long; undefined otherwise, and before the duty begins. */
  whyStuck(): string | undefined;
}

/**
 * Watches a loop that retries until it succeeds. The loop is stuck once no round has succeeded for `limitMs`, whether
 * its rounds fail or hang. The time starts with `begin`, so a service that is still migrating or waiting for its
 * engines does not count as stuck.
 */
export function createDuty(what: string, limitMs: number, now: () => number = () => performance.now()): Duty {
  let doneAt: number | undefined;
  let reason: string | undefined;
  return {
    begin() {
      doneAt ??= now();
    },
    done() {
      doneAt = now();
      reason = undefined;
    },
    failed(why) {
      reason = why;
    },
    whyStuck() {
      if (doneAt === undefined) return undefined;
      const silentMs = now() - doneAt;
      if (silentMs <= limitMs) return undefined;
      return `${what} has not succeeded for ${Math.round(silentMs / 1_000)} s: ${reason ?? "no round has finished"}`;
    },
  };
}
