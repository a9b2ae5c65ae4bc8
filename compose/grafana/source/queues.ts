import { dashboard, externalLink } from "./dashboard.ts";
import { OF_TYPE, READ_MODEL, readModelUrl } from "./links.ts";
import { goodFrom, series, stat } from "./panels.ts";
import { query, sumRate } from "./queries.ts";

const byQueue = (family: string) => query(`max by (queue) (${family})`, "{{queue}}");

export default dashboard({
  name: "queues",
  title: "Queues",
  description: "Messages waiting on the bus and jobs waiting in the store.",
  variables: [READ_MODEL],
  links: [externalLink("Queues as JSON", readModelUrl("/queues"), "Job types and queues of the bus")],
  rows: [
    {
      title: "Job types",
      panels: [
        series({
          title: "Jobs due and waiting",
          unit: "short",
          stacked: true,
          queries: [query('max by (type) (observatory_jobs_unfinished{state="waiting"})', "{{type}}")],
          links: OF_TYPE,
        }),
        series({
          title: "Age of the oldest waiting job",
          unit: "s",
          queries: [query("max by (type) (observatory_oldest_waiting_seconds)", "{{type}}")],
          links: OF_TYPE,
        }),
        series({
          title: "Jobs not due yet",
          unit: "short",
          stacked: true,
          description: "Scheduled jobs, and jobs between two tries.",
          queries: [query('max by (type) (observatory_jobs_unfinished{state="scheduled"})', "{{type}}")],
          links: OF_TYPE,
        }),
        series({
          title: "Running jobs",
          unit: "short",
          stacked: true,
          queries: [query('max by (type) (observatory_jobs_unfinished{state="executing"})', "{{type}}")],
          links: OF_TYPE,
        }),
      ],
    },
    {
      title: "Bus",
      panels: [
        series({ title: "Waiting messages", unit: "short", queries: [byQueue("observatory_queue_depth")] }),
        series({
          title: "Messages not yet delivered",
          unit: "short",
          queries: [byQueue("observatory_consumer_lag")],
        }),
        series({
          title: "Messages received but not acknowledged",
          unit: "short",
          queries: [query("sum by (queue) (observatory_bus_buffered)", "{{queue}}")],
        }),
        series({
          title: "Age of the newest recorded event",
          unit: "s",
          description:
            "How old the newest event was when it was recorded or, while more events wait, how old it is now.",
          queries: [query("max(observatory_observation_lag_seconds)", "behind")],
        }),
        series({
          title: "Messages confirmed, by route",
          unit: "ops",
          queries: [query(sumRate("observatory_bus_published_total", "route"), "{{route}}")],
        }),
        series({
          title: "Messages handled, by queue",
          unit: "ops",
          queries: [query(sumRate("observatory_bus_consumed_total", "queue"), "{{queue}}")],
        }),
        series({
          title: "Messages being published, by service",
          unit: "short",
          queries: [
            query("sum by (service) (observatory_bus_unconfirmed)", "{{service}}: unconfirmed"),
            query("sum by (service) (observatory_bus_waiting)", "{{service}}: waiting to be sent"),
          ],
        }),
        series({
          title: "Connections lost, by service",
          unit: "short",
          queries: [
            query(
              "sum by (service) (increase(observatory_bus_reconnects_total[$__rate_interval]))",
              "{{service}}",
            ),
          ],
        }),
      ].map((panel) => ({ ...panel, width: 6 })),
    },
    {
      title: "Between the job store and the bus",
      panels: [
        stat({
          title: "Share of processes connected to the bus",
          unit: "percentunit",
          steps: goodFrom(1),
          queries: [query("avg(observatory_bus_connected)", "connected")],
        }),
        series({
          title: "Outbox: messages committed but not confirmed",
          unit: "short",
          queries: [query("max(observatory_outbox_backlog)", "messages")],
        }),
        series({
          title: "Outbox: age of the oldest message",
          unit: "s",
          queries: [query("max(observatory_store_outbox_oldest_seconds)", "age")],
        }),
        series({
          title: "Events recorded and discarded",
          unit: "ops",
          queries: [
            query(sumRate("observatory_events_recorded_total"), "recorded"),
            query(sumRate("observatory_events_duplicate_total"), "duplicate"),
            query(sumRate("observatory_events_refused_total"), "broke their contract"),
          ],
        }),
      ],
    },
    {
      title: "RabbitMQ, by queue",
      panels: [
        series({ title: "Ready", unit: "short", queries: [byQueue("rabbitmq_queue_messages_ready")] }),
        series({
          title: "Delivered but not acknowledged",
          unit: "short",
          queries: [byQueue("rabbitmq_queue_messages_unacked")],
        }),
        series({ title: "Consumers", unit: "short", queries: [byQueue("rabbitmq_queue_consumers")] }),
        series({
          title: "Share of time in which consumers had capacity",
          unit: "percentunit",
          max: 1,
          queries: [byQueue("rabbitmq_queue_consumer_capacity")],
        }),
        series({
          title: "Memory",
          unit: "bytes",
          queries: [byQueue("rabbitmq_queue_process_memory_bytes")],
        }),
        series({
          title: "Acknowledged",
          unit: "ops",
          queries: [query(sumRate("rabbitmq_channel_messages_acked_total", "queue"), "{{queue}}")],
        }),
        series({
          title: "Redelivered",
          unit: "ops",
          queries: [query(sumRate("rabbitmq_channel_messages_redelivered_total", "queue"), "{{queue}}")],
        }),
      ].map((panel) => ({ ...panel, width: 6 })),
    },
  ],
});
