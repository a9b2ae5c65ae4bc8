import type { AlertsReply } from "../../contracts/api-queries.ts";
import { pause } from "../../shared/async.ts";
import { createSharedCall } from "../../shared/shared-call.ts";
import { fetchAlerts } from "./alertmanager.ts";
import { unlessAway } from "./unless-away.ts";

const KEEP_MS = 2_000;
/** How soon a change reaches the clients of a read-model that the webhook did not call. */
const WATCH_MS = 5_000;

export interface AlertsOptions {
  /** Undefined when there is no Alertmanager. */
  readonly url: string | undefined;
  readonly now: () => Date;
  /** Called when the number of firing alerts changes; it starts at none. */
  readonly onChange: (firing: number) => void;
}

/** The alerts of an Alertmanager, cached for 2 s; this service stores none. */
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
    /** Rejects with STORE_UNAVAILABLE when Alertmanager does not answer. */
    current: shared.get,
    /** The same, but never from memory. */
    refresh: shared.refresh,
    configured: url !== undefined,
    /**
     * Polls for changes until `signal` aborts, while there are listeners: Alertmanager's webhook reaches only one
     * read-model, and each has its own clients.
     */
    async watch(isHeard: () => boolean, signal: AbortSignal): Promise<void> {
      while (url !== undefined && !signal.aborted) {
        await pause(WATCH_MS, signal);
        // An unreachable Alertmanager is retried; `/alerts` reports it.
        if (isHeard() && !signal.aborted) await unlessAway(shared.refresh());
      }
    },
  };
}
export type Alerts = ReturnType<typeof createAlerts>;
