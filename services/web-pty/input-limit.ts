export interface InputLimit {
  /** Returns whether this many bytes of input are within the rate now, and counts them if so. */
  tryTake(bytes: number): boolean;
}

/** A token bucket that holds two seconds of input: a paste passes, a flood does not. */
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
