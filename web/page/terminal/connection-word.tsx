import { useEffect, useState } from "preact/hooks";
import { Icon } from "../icon.tsx";
import type { LinkState } from "./link.ts";

/** Shows the connection state as a glyph and a word, and counts down to the next try. */
export function ConnectionWord({ state }: { state: LinkState }) {
  const seconds = useSecondsUntil(state.name === "waiting" ? state.until : undefined);
  const [status, word] = {
    connecting: ["retrying", "Connecting"],
    connected: [
      "completed",
      state.name === "connected" && state.role === "watcher" ? "Watching" : "Connected",
    ],
    waiting: [
      "retrying",
      state.name === "waiting" ? `Reconnecting, try ${state.attempt} in ${seconds} s` : "",
    ],
    refused: ["failed", "Disconnected"],
    ended: ["cancelled", "Ended"],
    replaced: ["cancelled", "Opened elsewhere"],
  }[state.name] as [string, string];
  return (
    <span class={`st st-${status}`} role="status">
      <Icon name={status} />
      {word}
    </span>
  );
}

function useSecondsUntil(until: number | undefined): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (until === undefined) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    setNow(Date.now());
    return () => clearInterval(timer);
  }, [until]);
  return Math.max(0, Math.ceil(((until ?? now) - now) / 1_000));
}
