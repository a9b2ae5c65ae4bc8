import type { AlertsReply } from "../../contracts/api-queries.ts";
import { fetchAlerts } from "./alertmanager.ts";
import { createShared } from "./share.ts";

const KEEP_MS = 2_000;

export interface AlertsOptions {
  /** Undefined: there is no Alertmanager here. */
  readonly url: string | undefined;
  readonly now: () => Date;
  /** Called when the number of firing alerts is another than the last time it was asked. */
  readonly onChange: (firing: number) => void;
}

/** The alerts of an Alertmanager, kept for 2 s; this service stores none. */
export function createAlerts({ url, now, onChange }: AlertsOptions) {
  let known: number | undefined;

  const shared = createShared(async (): Promise<AlertsReply> => {
    if (url === undefined) return { items: [], source: "none", fetchedAt: null };
    const items = await fetchAlerts(url, now);
    const firing = items.filter(({ state }) => state === "firing").length;
    if (known !== undefined && firing !== known) onChange(firing);
    known = firing;
    return { items, source: "alertmanager", fetchedAt: now().toISOString() };
  }, KEEP_MS);

  return {
    /** Rejects with STORE_UNAVAILABLE when Alertmanager does not answer. */
    current: shared.get,
    /** The same, but never from memory. */
    refresh: shared.refresh,
    configured: url !== undefined,
  };
}
export type Alerts = ReturnType<typeof createAlerts>;
