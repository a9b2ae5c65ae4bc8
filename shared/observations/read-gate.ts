export interface ReadGateOptions {
  /** How many reads may run at the same time. */
  readonly atATime: number;
  /** How many reads may wait for a slot; further reads are refused immediately. */
  readonly maxWaiting: number;
  /** How long a read waits for a slot before it is refused. */
  readonly waitMs: number;
}

/**
 * Limits the load that readers put on a store to which events are also written: however many callers there are, only a
 * limited number of reads run at the same time. Waiting reads get a slot in order of arrival.
 */
export function createReadGate({ atATime, maxWaiting, waitMs }: ReadGateOptions) {
  const waiting = new Set<() => void>();
  let running = 0;

  async function enter(): Promise<void> {
    if (running < atATime) {
      running++;
      return;
    }
    if (waiting.size >= maxWaiting) throw new Error(`too many reads are waiting: ${waiting.size}`);
    await new Promise<void>((resolve, reject) => {
      // A finished read hands its slot to the next waiting one, so `running` does not change.
      const admit = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(admit);
        reject(new Error(`a read waited ${waitMs} ms without getting one of ${atATime} slots`));
      }, waitMs);
      waiting.add(admit);
    });
  }

  function leave(): void {
    const [next] = waiting;
    if (!next) {
      running--;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    /** Runs a read once it has a slot. Rejects without running it if too many reads are waiting or it has waited too long. */
    async run<T>(read: () => Promise<T>): Promise<T> {
      await enter();
      try {
        return await read();
      } finally {
        leave();
      }
    },
  };
}
