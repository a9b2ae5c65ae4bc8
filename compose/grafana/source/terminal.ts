import { dashboard } from "./dashboard.ts";
import { series, stat, upTimeline } from "./panels.ts";
import { perSecond, query, sumRate } from "./queries.ts";

const webPty = 'service="web-pty"';
const sessions = (state: string) => query(`sum(observatory_pty_sessions_${state})`, state);

export default dashboard({
  name: "terminal",
  title: "Browser terminal",
  description:
    "Terminal sessions in browsers. To use the observatory in your own terminal, run odd-dashboard",
  rows: [
    {
      title: "Sessions",
      panels: [
        stat({ title: "Active", unit: "none", queries: [sessions("active")], width: 4 }),
        series({
          title: "By browser state",
          unit: "short",
          stacked: true,
          width: 10,
          queries: ["connected", "disconnected", "idle"].map(sessions),
        }),
        upTimeline({
          title: "Up, as seen by Prometheus",
          width: 10,
          queries: [query(`up{${webPty}}`, "{{instance}}")],
        }),
      ],
    },
    {
      title: "Slow browsers and refusals",
      panels: [
        series({
          title: "Pauses and redraws because of slow browsers",
          unit: "ops",
          queries: [
            query(sumRate("observatory_pty_pauses_total"), "paused"),
            query(sumRate("observatory_pty_resyncs_total"), "redrawn"),
          ],
        }),
        series({
          title: "Refused, by reason",
          unit: "ops",
          stacked: true,
          queries: [query(sumRate("observatory_pty_refusals_total", "reason"), "{{reason}}")],
        }),
      ],
    },
    {
      title: "Traffic and resources",
      panels: [
        series({
          title: "Bytes between terminals and browsers",
          unit: "Bps",
          queries: [query(sumRate("observatory_pty_bytes_total", "direction"), "{{direction}}")],
        }),
        series({
          title: "Reconnect tokens",
          unit: "short",
          queries: [query("sum(observatory_pty_reconnect_tokens)", "valid")],
        }),
        series({
          title: "CPU, in cores",
          unit: "short",
          queries: [query(perSecond(`process_cpu_seconds_total{${webPty}}`), "{{instance}}")],
        }),
        series({
          title: "Memory",
          unit: "bytes",
          queries: [query(`process_resident_memory_bytes{${webPty}}`, "{{instance}}")],
        }),
      ],
    },
  ],
});
