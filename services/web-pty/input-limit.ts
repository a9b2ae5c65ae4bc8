export interface InputLimit {
  /** Counts the bytes and returns true if they are within the rate; otherwise returns false. */
  tryTake(bytes: number): boolean;
}

/** Creates a token bucket that holds two seconds of input, so a paste passes and a flood does not. */
export function createInputLimit(bytesPerSecond: number, now = () => performance.now()): InputLimit {
  const capacity = bytesPerSecond * 2;
  let left = capacity;
  let at = now();
  return {
    tryTake(bytes) {
      const time = now();
      left = Math.min(capacity, left + ((time - at) / 1_000) * bytesPerSecond);
      at = time;
      if (bytes > left) return false;
      left -= bytes;
      return true;
    },
  };
}
