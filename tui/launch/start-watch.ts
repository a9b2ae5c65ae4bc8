/** If a service is ready within this time, the warnings from its start are not worth showing. */
const USUAL_MS = 3_000;
// A warning written up to this long after the service became ready still counts as part of its start, because a log
// line and the /readyz response are noticed at slightly different times.
const SLACK_MS = 300;

export interface StartWatch {
  spawned(): void;
  ready(): void;
  /**
   * Decides what to do with a warning written at `warnedAt`. A service that starts may briefly have to wait for its
   * engines, so early warnings are held. They are dropped if the service is ready as quickly as usual, and shown
   * otherwise.
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
