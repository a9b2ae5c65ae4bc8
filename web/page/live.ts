import { useEffect, useState } from "preact/hooks";
import { client } from "./client.ts";

/** The feed's state and the number of changes so far. Views repeat their queries after each change. */
export interface Live {
  /** `connecting` lasts until the feed answers or {@link FIRST_CONNECT_MS} has passed. */
  readonly state: "connecting" | "live" | "stale";
  /** When the feed last sent anything, in milliseconds. */
  readonly at: number;
  readonly changes: number;
}

const MIN_GAP_MS = 500;
/**
 * Views also repeat their queries at this interval, because the feed may be lost and does not carry all data, such as
 * ages and heartbeats.
 */
const POLL_MS = 5_000;
const FIRST_CONNECT_MS = 3_000;

let live: Live = { state: "connecting", at: Date.now(), changes: 0 };
const listeners = new Set<(live: Live) => void>();

function update(change: Partial<Live>): void {
  live = { ...live, ...change };
  for (const listener of listeners) listener(live);
}

/** Follows the feed while the page is open and reports at most two changes a second. */
export async function followFeed(): Promise<void> {
  let isDue = false;
  const change = () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      refresh();
    }, MIN_GAP_MS);
  };
  setInterval(change, POLL_MS);
  setTimeout(() => {
    if (live.state === "connecting") update({ state: "stale" });
  }, FIRST_CONNECT_MS);
  for await (const { kind } of client.follow({ signal: new AbortController().signal })) {
    if (kind !== "disconnected") update({ state: "live", at: Date.now() });
    else if (live.state !== "connecting") update({ state: "stale" });
    change();
  }
}

/** Makes every view repeat its queries. */
export function refresh(): void {
  update({ changes: live.changes + 1 });
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
