import type { Metrics } from "../../shared/metrics.ts";
import type { Sessions } from "./sessions.ts";

/** Families of the browser terminal; labels are bounded, never a session or an address. */
export function registerMetrics(metrics: Metrics, sessions: () => Sessions) {
  const bytes = metrics.counter("pty_bytes_total", "Bytes between terminals and browsers", ["direction"]);
  const resyncs = metrics.counter("pty_resyncs_total", "Browsers redrawn because they fell behind the log");
  const pauses = metrics.counter("pty_pauses_total", "Times that output was stopped for slow browsers");
  const refusals = metrics.counter("pty_refusals_total", "Connections refused, by reason", ["reason"]);
  for (const [state, help] of [
    ["active", "Sessions that exist"],
    ["connected", "Sessions with a browser"],
    ["disconnected", "Sessions that wait for their browser to come back"],
    ["idle", "Sessions without input for a minute"],
  ] as const)
    metrics.gauge(`pty_sessions_${state}`, help, [], (gauge) => gauge.set(sessions().counts()[state]));
  metrics.gauge("pty_reconnect_tokens", "Reconnect tokens that are valid", [], (gauge) =>
    gauge.set(sessions().counts().tokens),
  );
  return {
    bytes: (direction: "input" | "output", count: number) => bytes.inc({ direction }, count),
    resynced: () => resyncs.inc(),
    paused: () => pauses.inc(),
    refused: (reason: string) => refusals.inc({ reason }),
  };
}
export type PtyMetrics = ReturnType<typeof registerMetrics>;
