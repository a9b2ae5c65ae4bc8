import { useRef, useState } from "preact/hooks";

/** Returns the newest data or, while `isHeld` is true, the data from the moment when it became true. */
export function useHeld<T>(
  key: string,
  newest: T | undefined,
  isHeld: boolean,
): { shown: T | undefined; showNewest(): void } {
  const held = useRef<{ key: string; data: T | undefined }>({ key, data: newest });
  const [, redraw] = useState(0);
  if (!isHeld || held.current.key !== key || held.current.data === undefined)
    held.current = { key, data: newest };
  return {
    shown: held.current.data,
    showNewest() {
      held.current = { key, data: newest };
      redraw((count) => count + 1);
    },
  };
}
