import { dashboard, externalLink } from "./dashboard.ts";
import { OF_SERVICE, OF_TYPE, READ_MODEL, readModelUrl } from "./links.ts";
import { badFrom, series, stat, table, upTimeline } from "./panels.ts";
import { quantiles, query, sumRate, tableQuery } from "./queries.ts";

const firing = 'ALERTS{alertstate="firing"}';

export default dashboard({
  name: "overview",
  title: "System overview",
  description: "Shows whether anything is wrong and what the system is doing. In a terminal: odd-dashboard",
  variables: [READ_MODEL],
  links: [externalLink("As JSON", readModelUrl("/overview"), "The same numbers from the read model")],
  rows: [
    {
      title: "Is anything wrong?",
      height: 4,
      panels: [
        stat({
          title: "Alerts firing",
          unit: "none",
          steps: badFrom(1),
          queries: [query(`count(${firing}) or vector(0)`, "firing")],
        }),
        stat({
          title: "Targets down",
          unit: "none",
          description: "Services and engine exporters that Prometheus cannot reach.",
          steps: badFrom(1),
          queries: [query("count(up == 0) or vector(0)", "down")],
        }),
        stat({
          title: "Engines down",
          unit: "none",
          description: "Engines that at least one service cannot reach.",
          steps: badFrom(1),
          queries: [query("count(count by (engine) (observatory_engine_up == 0)) or vector(0)", "down")],
        }),
        stat({
          title: "Lost, unobserved or duplicated jobs",
          unit: "none",
          description: "As reported by the ledger. Must be 0; /ledger lists the ids.",
          steps: badFrom(1),
          queries: [query("sum(observatory_ledger_jobs)", "jobs")],
        }),
        stat({
          title: "Dead letters",
          unit: "none",
          steps: badFrom(1),
          queries: [query("max(observatory_dead_letters)", "dead letters")],
        }),
        stat({
          title: "Jobs waiting",
          unit: "short",
          queries: [query('sum(max by (type) (observatory_jobs_unfinished{state="waiting"}))', "waiting")],
        }),
      ],
    },
    {
      title: "Services and engines",
      panels: [
        upTimeline({
          title: "Services",
          queries: [query('min by (service) (up{service!=""})', "{{service}}")],
          links: OF_SERVICE,
        }),
        upTimeline({
          title: "Engines, as seen by services",
          queries: [query("min by (engine) (observatory_engine_up)", "{{engine}}")],
        }),
        table({
          title: "Firing alerts",
          unit: "none",
          description: "docs/runbooks explains the meaning and the remedy of each alert.",
          queries: [tableQuery(firing)],
          columns: { alertname: "Alert", severity: "Severity", service: "Service", instance: "Instance" },
        }),
      ],
    },
    {
      title: "Throughput",
      panels: [
        series({
          title: "Jobs by outcome",
          unit: "ops",
          queries: [
            query(sumRate("observatory_jobs_submitted_total"), "submitted"),
            query(sumRate("observatory_jobs_completed_total"), "completed"),
            query(sumRate("observatory_jobs_failed_total"), "failed"),
            query(sumRate("observatory_jobs_retried_total"), "retried"),
            query(sumRate("observatory_jobs_cancelled_total"), "cancelled"),
          ],
        }),
        series({
          title: "Jobs submitted, by type",
          unit: "ops",
          stacked: true,
          queries: [query(sumRate("observatory_jobs_submitted_total", "type"), "{{type}}")],
          links: OF_TYPE,
        }),
        series({
          title: "Processor slots",
          unit: "short",
          queries: [query("sum(observatory_slots_busy)", "busy"), query("sum(observatory_slots)", "total")],
        }),
      ],
    },
    {
      title: "Latency",
      panels: [
        series({
          title: "Duration of attempts",
          unit: "s",
          queries: quantiles("observatory_job_duration_seconds", ""),
        }),
        series({
          title: "Time that due jobs wait for a slot",
          unit: "s",
          queries: quantiles("observatory_job_queue_wait_seconds", ""),
        }),
        series({
          title: "Requests, by service",
          unit: "reqps",
          queries: [query(sumRate("http_request_duration_seconds_count", "service"), "{{service}}")],
          links: OF_SERVICE,
        }),
      ],
    },
  ],
});
