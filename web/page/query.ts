import { useEffect, useRef, useState } from "preact/hooks";
import { useLive } from "./live.ts";

export interface Query<T> {
  readonly data: T | undefined;
  /** Why the latest call failed. `data` then holds the result of an earlier call, if any. */
  readonly error: Error | undefined;
  reload(): void;
}

export interface QueryOptions {
  /** Makes no further calls once there is data. */
  readonly frozen?: boolean;
  /** The minimum time between two calls, for data that changes slowly. */
  readonly everyMs?: number;
}

/**
 * Returns the result of a call and repeats the call whenever the feed reports a change. Only one call runs at a time.
 * Unless `everyMs` is set, a change during a call triggers another call afterwards. A new `key` discards the old
 * result.
 */
export function useQuery<T>(
  key: string,
  call: (signal: AbortSignal) => Promise<T>,
  { frozen = false, everyMs = 0 }: QueryOptions = {},
): Query<T> {
  const { changes } = useLive();
  const [state, setState] = useState<{ key: string; data?: T; error?: Error }>({ key });
  const [reloads, setReloads] = useState(0);
  const newest = useRef(call);
  newest.current = call;
  const underWay = useRef<{ key: string; abort: AbortController; missed: boolean }>(undefined);
  const settledAt = useRef(0);
  const seenReloads = useRef(0);

  useEffect(() => () => underWay.current?.abort.abort(), [key]);

  useEffect(() => {
    const isKnown = state.key === key && state.data !== undefined;
    if (isKnown && frozen) return;
    const isAsked = reloads !== seenReloads.current;
    seenReloads.current = reloads;
    if (isKnown && !isAsked && Date.now() - settledAt.current < everyMs) return;
    if (underWay.current?.key === key) {
      underWay.current.missed = true;
      return;
    }
    const own = { key, abort: new AbortController(), missed: false };
    underWay.current = own;
    const settle = (next: { data?: T; error?: Error | undefined }) => {
      if (underWay.current !== own) return;
      underWay.current = undefined;
      if (own.abort.signal.aborted) return;
      settledAt.current = Date.now();
      setState((before) => ({ key, data: before.key === key ? before.data : undefined, ...next }));
      if (own.missed && everyMs === 0) setReloads((count) => count + 1);
    };
    newest.current(own.abort.signal).then(
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
