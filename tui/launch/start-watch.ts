/** A service that is ready sooner than this had nothing to warn of. */
const usualMs = 3_000;
// A log line and the answer of /readyz are seen at different moments.
const slackMs = 300;

export interface StartWatch {
  spawned(): void;
  ready(): void;
  /**
   * What to do with a warning of that time: waiting for engines is part of every start, so warnings from before it is
   * ready are held, dropped when it was ready as soon as usual, and shown when it was not.
   */
  judge(warnedAt: number): "show" | "hold" | "drop";
}

/** Remembers when a service was started and became ready. */
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
      if (readyAt === undefined) return now() - spawnedAt < usualMs ? "hold" : "show";
      return warnedAt <= readyAt + slackMs && readyAt - spawnedAt < usualMs ? "drop" : "show";
    },
  };
}
