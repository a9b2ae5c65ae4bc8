import type { AlertsReply } from "../../contracts/api-queries.ts";
import { pause } from "../../shared/async.ts";
import { createSharedCall } from "../../shared/shared-call.ts";
import { fetchAlerts } from "./alertmanager.ts";
import { unlessUnavailable } from "./unless-unavailable.ts";

const KEEP_MS = 2_000;
/**
 * Poll interval, which is the longest delay before a change is noticed by a read-model that the webhook does not reach.
 */
const WATCH_MS = 5_000;

export interface AlertsOptions {
  /** Alertmanager's URL; undefined when there is no Alertmanager. */
  readonly url: string | undefined;
  readonly now: () => Date;
  /** Called when the number of firing alerts changes, starting from 0. */
  readonly onChange: (firing: number) => void;
}

/** Reads alerts from Alertmanager and caches them for 2 s; this service stores none. */
export function createAlerts({ url, now, onChange }: AlertsOptions) {
  let known = 0;

  const shared = createSharedCall(async (): Promise<AlertsReply> => {
    if (url === undefined) return { items: [], source: "none", fetchedAt: null };
    const items = await fetchAlerts(url, now);
    const firing = items.filter(({ state }) => state === "firing").length;
    if (firing !== known) onChange(firing);
    known = firing;
    return { items, source: "alertmanager", fetchedAt: now().toISOString() };
  }, KEEP_MS);

  return {
    /** Rejects with STORE_UNAVAILABLE when Alertmanager returns no valid answer. */
    current: shared.get,
    /** Like `current`, but bypasses the cache. */
    refresh: shared.refresh,
    configured: url !== undefined,
    /**
     * Polls for changes while there are listeners, until `signal` aborts. Alertmanager's webhook reaches only one
     * read-model; the others depend on polling.
     */
    async watch(hasListeners: () => boolean, signal: AbortSignal): Promise<void> {
      while (url !== undefined && !signal.aborted) {
        await pause(WATCH_MS, signal);
        // The next poll retries an unreachable Alertmanager, and `/alerts` reports the failure.
        if (hasListeners() && !signal.aborted) await unlessUnavailable(shared.refresh());
      }
    },
  };
}
export type Alerts = ReturnType<typeof createAlerts>;
