export interface ReadGateOptions {
  /** How many reads run at once. */
  readonly atATime: number;
  /** How many reads may wait for a place; one more is refused at once. */
  readonly maxWaiting: number;
  /** How long a read waits for a place before it is refused. */
  readonly waitMs: number;
}

/**
 * Bounds what readers cost a store that recording needs too: however many callers read, only a limited number of reads
 * run at once. Places are handed over in order of arrival.
 */
export function createReadGate({ atATime, maxWaiting, waitMs }: ReadGateOptions) {
  const waiting = new Set<() => void>();
  let running = 0;

  async function enter(): Promise<void> {
    if (running < atATime) {
      running++;
      return;
    }
    if (waiting.size >= maxWaiting) throw new Error(`${waiting.size} reads wait already`);
    await new Promise<void>((resolve, reject) => {
      // The place passes from one that leaves to this one, so `running` is unchanged.
      const admit = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(admit);
        reject(new Error(`no place among ${atATime} reads within ${waitMs} ms`));
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
    /** Runs a read once it has a place. Rejects without running it when too many are ahead of it. */
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
