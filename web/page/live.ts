import { useEffect, useState } from "preact/hooks";
import { client } from "./client.ts";

/** Whether the feed is connected, and how often something changed; a view that shows data queries again at each change. */
export interface Live {
  readonly isLive: boolean;
  /** Milliseconds of the clock when the feed last said something. */
  readonly at: number;
  readonly changes: number;
}

const MIN_GAP_MS = 500;
/** Without the feed, and for what the feed does not carry, such as ages and heartbeats. */
const POLL_MS = 5_000;

let live: Live = { isLive: false, at: Date.now(), changes: 0 };
const listeners = new Set<(live: Live) => void>();

function update(change: Partial<Live>): void {
  live = { ...live, ...change };
  for (const listener of listeners) listener(live);
}

/** Follows the feed for as long as the page lives. At most two changes a second are passed on. */
export async function followFeed(): Promise<void> {
  let isDue = false;
  const change = () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      update({ changes: live.changes + 1 });
    }, MIN_GAP_MS);
  };
  setInterval(change, POLL_MS);
  for await (const message of client.follow({ signal: new AbortController().signal })) {
    update({ isLive: message.kind !== "disconnected", at: Date.now() });
    change();
  }
}

export function useLive(): Live {
  const [state, setState] = useState(live);
  useEffect(() => {
    setState(live);
    listeners.add(setState);
    return () => void listeners.delete(setState);
  }, []);
  return state;
}
