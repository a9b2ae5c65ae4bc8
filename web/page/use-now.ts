import { useEffect, useState } from "preact/hooks";

/** Returns the current time in milliseconds. Rerenders the component once a second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
