import { PTY_ERRORS, type PtyErrorCode } from "../../contracts/pty.ts";
import type { Metrics } from "../../shared/metrics.ts";

/** Reasons for a refusal, before and after the upgrade to a WebSocket. */
const REASONS = [
  "ORIGIN_REFUSED",
  "UNAUTHORIZED",
  "ROUTE_NOT_FOUND",
  "OVERLOADED",
  ...(Object.keys(PTY_ERRORS) as PtyErrorCode[]),
] as const;
export type RefusalReason = (typeof REASONS)[number];

export interface SessionCounts {
  readonly active: number;
  readonly connected: number;
  readonly disconnected: number;
  readonly idle: number;
  readonly tokens: number;
}

/**
 * Registers the browser terminal's metrics. No label contains a session id or an IP address, so each label has few
 * values.
 */
export function registerMetrics(metrics: Metrics, sessions: () => { counts(): SessionCounts }) {
  const bytes = metrics.counter("observatory_pty_bytes_total", "Bytes between terminals and browsers", [
    "direction",
  ]);
  const resyncs = metrics.counter(
    "observatory_pty_resyncs_total",
    "Screens redrawn because a browser fell too far behind the output",
  );
  const pauses = metrics.counter("observatory_pty_pauses_total", "Pauses of output for slow browsers");
  const refusals = metrics.counter("observatory_pty_refusals_total", "Connections refused, by reason", [
    "reason",
  ]);
  // Export 0 from the start, so panels show a value and alerts have a baseline.
  for (const reason of REASONS) refusals.inc({ reason }, 0);
  for (const [state, help] of [
    ["active", "Sessions that exist"],
    ["connected", "Sessions with a browser"],
    ["disconnected", "Sessions that wait for their browser to return"],
    ["idle", "Sessions without input for a minute"],
  ] as const)
    metrics.gauge(`observatory_pty_sessions_${state}`, help, [], (gauge) =>
      gauge.set(sessions().counts()[state]),
    );
  metrics.gauge("observatory_pty_reconnect_tokens", "Reconnect tokens that are valid", [], (gauge) =>
    gauge.set(sessions().counts().tokens),
  );
  return {
    bytes: (direction: "input" | "output", count: number) => bytes.inc({ direction }, count),
    resynced: () => resyncs.inc(),
    paused: () => pauses.inc(),
    refused: (reason: RefusalReason) => refusals.inc({ reason }),
  };
}
export type PtyMetrics = ReturnType<typeof registerMetrics>;
