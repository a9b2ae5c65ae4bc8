import type { AlertsReply } from "../../contracts/api-queries.ts";
import { pause } from "../../shared/async.ts";
import { fetchAlerts } from "./alertmanager.ts";
import { createShared } from "./share.ts";
import { unlessAway } from "./unless-away.ts";

const KEEP_MS = 2_000;
/** How soon a change reaches the clients of a read-model that the webhook did not call. */
const WATCH_MS = 5_000;

export interface AlertsOptions {
  /** Undefined: there is no Alertmanager here. */
  readonly url: string | undefined;
  readonly now: () => Date;
  /** Called when the number of firing alerts differs from the one seen before; at first that is none. */
  readonly onChange: (firing: number) => void;
}

/** The alerts of an Alertmanager, kept for 2 s; this service stores none. */
export function createAlerts({ url, now, onChange }: AlertsOptions) {
  let known = 0;

  const shared = createShared(async (): Promise<AlertsReply> => {
    if (url === undefined) return { items: [], source: "none", fetchedAt: null };
    const items = await fetchAlerts(url, now);
    const firing = items.filter(({ state }) => state === "firing").length;
    if (firing !== known) onChange(firing);
    known = firing;
    return { items, source: "alertmanager", fetchedAt: now().toISOString() };
  }, KEEP_MS);

  return {
    /** Rejects with STORE_UNAVAILABLE when Alertmanager does not answer. */
    current: shared.get,
    /** The same, but never from memory. */
    refresh: shared.refresh,
    configured: url !== undefined,
    /**
     * Looks for changes until `signal` aborts, while somebody listens: Alertmanager's webhook reaches one read-model, and
     * each has clients of its own.
     */
    async watch(isHeard: () => boolean, signal: AbortSignal): Promise<void> {
      while (url !== undefined && !signal.aborted) {
        await pause(WATCH_MS, signal);
        // An unreachable Alertmanager is tried again; `/alerts` reports it.
        if (isHeard() && !signal.aborted) await unlessAway(shared.refresh());
      }
    },
  };
}
export type Alerts = ReturnType<typeof createAlerts>;
