import { dashboard, labelVariable } from "./dashboard.ts";
import { OF_SERVICE } from "./links.ts";
import { badFrom, series, table, upTimeline } from "./panels.ts";
import { perSecond, quantile, query, sumRate, tableQuery } from "./queries.ts";

const service = 'service=~"$service"';
const requests = `http_request_duration_seconds_count{${service}}`;
/** Excludes streams, which stay open, and the ledger, whose duration depends on how many jobs it has to judge. */
const timed = `${service}, route!~"/stream|/ledger|/metrics|/healthz|/readyz|none"`;
const failed = `http_request_duration_seconds_count{${service}, status=~"5.."}`;

export default dashboard({
  name: "services",
  title: "Services",
  description: "Requests, errors, durations and resources of each service.",
  variables: [labelVariable("service", "service_info")],
  rows: [
    {
      title: "Requests",
      panels: [
        series({
          title: "By service",
          unit: "reqps",
          queries: [query(sumRate(requests, "service"), "{{service}}")],
          links: OF_SERVICE,
        }),
        series({
          title: "By route",
          unit: "reqps",
          queries: [
            query(sumRate(requests, "service", "method", "route"), "{{service}} {{method}} {{route}}"),
          ],
          links: OF_SERVICE,
        }),
        series({
          title: "By status",
          unit: "reqps",
          stacked: true,
          queries: [query(sumRate(requests, "status"), "{{status}}")],
        }),
      ],
    },
    {
      title: "Errors",
      panels: [
        series({
          title: "Share of 5xx responses, by service",
          unit: "percentunit",
          steps: badFrom(0.01),
          queries: [
            query(
              `(${sumRate(failed, "service")} or 0 * ${sumRate(requests, "service")}) / (${sumRate(requests, "service")} > 0)`,
              "{{service}}",
            ),
          ],
          links: OF_SERVICE,
        }),
        series({
          title: "4xx responses, by route",
          unit: "reqps",
          queries: [
            query(
              sumRate(
                `http_request_duration_seconds_count{${service}, status=~"4.."}`,
                "service",
                "route",
                "status",
              ),
              "{{service}} {{route}} {{status}}",
            ),
          ],
        }),
        upTimeline({
          title: "Up, as seen by Prometheus",
          queries: [query(`up{${service}}`, "{{service}} {{instance}}")],
          links: OF_SERVICE,
        }),
      ],
    },
    {
      title: "Durations",
      panels: [
        ...[0.5, 0.95, 0.99].map((q) =>
          series({
            title: `p${q * 100}, by service`,
            unit: "s",
            queries: [query(quantile(q, "http_request_duration_seconds", timed, "service"), "{{service}}")],
            links: OF_SERVICE,
          }),
        ),
        series({
          title: "p95, by route",
          unit: "s",
          steps: badFrom(0.5),
          queries: [
            query(
              quantile(0.95, "http_request_duration_seconds", timed, "service", "route"),
              "{{service}} {{route}}",
            ),
          ],
          links: OF_SERVICE,
        }),
      ],
    },
    {
      title: "Resources",
      panels: [
        series({
          title: "CPU, in cores",
          unit: "short",
          queries: [query(perSecond(`process_cpu_seconds_total{${service}}`), "{{service}} {{instance}}")],
        }),
        series({
          title: "Memory",
          unit: "bytes",
          queries: [query(`process_resident_memory_bytes{${service}}`, "{{service}} {{instance}}")],
        }),
        table({
          title: "Versions",
          unit: "none",
          queries: [tableQuery(`service_info{${service}}`)],
          columns: { service: "Service", version: "Version", instance: "Instance" },
        }),
      ],
    },
    {
      title: "Work in progress, by service",
      panels: [
        series({
          title: "Gateway: jobs awaiting a publisher confirm",
          unit: "short",
          queries: [query("observatory_gateway_in_flight", "{{instance}}")],
        }),
        series({
          title: "Processors: busy slots",
          unit: "percentunit",
          max: 1,
          queries: [query("observatory_slots_busy / observatory_slots", "{{instance}}")],
        }),
        series({
          title: "Processors: outcomes refused because the worker no longer held the job",
          unit: "ops",
          queries: [query(perSecond("observatory_late_ends_total"), "{{instance}}")],
        }),
        series({
          title: "Read model: open streams",
          unit: "short",
          queries: [
            query("observatory_stream_clients", "clients"),
            query("observatory_stream_buffered_entries", "entries buffered for them"),
          ],
        }),
        series({
          title: "Read model: changes missed by slow streams",
          unit: "ops",
          queries: [query(perSecond("observatory_stream_dropped_deltas_total"), "missed")],
        }),
        series({
          title: "Read model: time to compute the ledger",
          unit: "s",
          queries: [
            query(
              `sum(${perSecond("observatory_ledger_duration_seconds_sum")}) / (sum(${perSecond("observatory_ledger_duration_seconds_count")}) > 0)`,
              "mean",
            ),
          ],
        }),
      ].map((panel) => ({ ...panel, width: 8 })),
    },
  ],
});
