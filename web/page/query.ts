import { useEffect, useRef, useState } from "preact/hooks";
import { useLive } from "./live.ts";

export interface Query<T> {
  readonly data: T | undefined;
  /** Why the newest call failed; `data` is then what an earlier one returned. */
  readonly error: Error | undefined;
  reload(): void;
}

/**
 * The result of a call, made again whenever the feed says that something changed. One call is under way at a time; a new
 * `key` drops what the old one returned. `frozen` keeps what is shown.
 */
export function useQuery<T>(
  key: string,
  call: (signal: AbortSignal) => Promise<T>,
  { frozen = false } = {},
): Query<T> {
  const { changes } = useLive();
  const [state, setState] = useState<{ key: string; data?: T; error?: Error }>({ key });
  const [reloads, setReloads] = useState(0);
  const underWay = useRef<string>(undefined);

  useEffect(() => {
    if (frozen && state.key === key && state.data !== undefined) return;
    if (underWay.current === key) return;
    underWay.current = key;
    const abort = new AbortController();
    const settle = (next: { data?: T; error?: Error }) => {
      if (underWay.current === key) underWay.current = undefined;
      if (!abort.signal.aborted)
        setState((before) => ({ key, data: before.key === key ? before.data : undefined, ...next }));
    };
    call(abort.signal).then(
      (data) => settle({ data, error: undefined }),
      (error: Error) => settle({ error }),
    );
  }, [key, changes, reloads, frozen]);

  return {
    data: state.key === key ? state.data : undefined,
    error: state.key === key ? state.error : undefined,
    reload: () => setReloads((count) => count + 1),
  };
}
