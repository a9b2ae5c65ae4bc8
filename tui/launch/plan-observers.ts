import { randomBytes } from "node:crypto";
import { portOf } from "../../contracts/services.ts";
import { findAlertmanager } from "../engines/alertmanager.ts";
import { findPrometheus } from "../engines/prometheus.ts";
import { nextFree } from "./plan-services.ts";
import { findPortHolder } from "./port-holder.ts";
import type { AddressRow } from "./table.ts";

export const OBSERVER_NAMES = ["prometheus", "alertmanager"] as const;
export type ObserverName = (typeof OBSERVER_NAMES)[number];

const PURPOSES: Readonly<Record<ObserverName, string>> = {
  prometheus: "metrics and alerts of all services",
  alertmanager: "alerts, which the read-model shows",
};

/** The Prometheus and the Alertmanager to start beside the system. */
export interface ObserverPlan {
  readonly ports: Readonly<Partial<Record<ObserverName, number>>>;
  /** Variables for the services: the observers' URLs and the webhook token. */
  readonly env: Readonly<Record<string, string>>;
  readonly rows: readonly AddressRow[];
}

/**
 * A plan without observers. A compiled binary always uses it, because it does not contain the configuration of
 * Prometheus and Alertmanager.
 */
export const NO_OBSERVERS: ObserverPlan = { ports: {}, env: {}, rows: [] };

/**
 * Plans Prometheus and, if it is installed, Alertmanager. Plans neither if Prometheus is not installed or the
 * environment contains the URL of either. Reports default ports that are taken.
 */
export async function planObservers(
  env: Readonly<Record<string, string | undefined>>,
  onProgress: (line: string) => void,
): Promise<ObserverPlan> {
  if (env.PROMETHEUS_URL || env.ALERTMANAGER_URL || !findPrometheus()) return NO_OBSERVERS;
  const names = findAlertmanager() ? OBSERVER_NAMES : (["prometheus"] as const);
  const ports: Partial<Record<ObserverName, number>> = {};
  for (const name of names) {
    const wanted = portOf(name).port;
    const port = await nextFree(wanted, new Set(Object.values(ports)));
    ports[name] = port;
    if (port !== wanted)
      onProgress(
        `Port ${wanted} is taken by ${findPortHolder(wanted) ?? "another program"}: ${name} uses ${port}`,
      );
  }
  const url = (name: ObserverName) => `http://127.0.0.1:${ports[name]}`;
  return {
    ports,
    env: {
      PROMETHEUS_URL: url("prometheus"),
      ...(ports.alertmanager && {
        ALERTMANAGER_URL: url("alertmanager"),
        ALERT_WEBHOOK_TOKEN: env.ALERT_WEBHOOK_TOKEN || randomBytes(24).toString("hex"),
      }),
    },
    rows: names.map((name) => ({ name, address: url(name), purpose: PURPOSES[name] })),
  };
}
