/** A service that is ready within this time had nothing to warn about. */
const USUAL_MS = 3_000;
// A log line and the answer of /readyz are noticed at different moments.
const SLACK_MS = 300;

export interface StartWatch {
  spawned(): void;
  ready(): void;
  /**
   * Decides what to do with a warning written at that time. Waiting for engines is part of every start, so warnings
   * from before the service is ready are held, then dropped if it was ready as quickly as usual, and shown otherwise.
   */
  judge(warnedAt: number): "show" | "hold" | "drop";
}

/** Records when a service was started and became ready. */
export function createStartWatch(now: () => number = Date.now): StartWatch {
  let spawnedAt = 0;
  let readyAt: number | undefined;
  return {
    spawned() {
      spawnedAt = now();
      readyAt = undefined;
    },
    ready() {
      readyAt = now();
    },
    judge(warnedAt) {
      if (warnedAt < spawnedAt) return "show";
      if (readyAt === undefined) return now() - spawnedAt < USUAL_MS ? "hold" : "show";
      return warnedAt <= readyAt + SLACK_MS && readyAt - spawnedAt < USUAL_MS ? "drop" : "show";
    },
  };
}
