import { dashboard } from "./dashboard.ts";
import { badFrom, series, upTimeline } from "./panels.ts";
import { query, sumRate } from "./queries.ts";

const database = 'datname="observatory"';

export default dashboard({
  name: "engines",
  title: "Engines",
  description:
    "RabbitMQ, PostgreSQL, MongoDB, Redis, and the tools that monitor them. In a terminal: odd-dashboard doctor",
  rows: [
    {
      title: "Availability",
      panels: [
        upTimeline({
          title: "As seen by services",
          queries: [query("observatory_engine_up", "{{engine}} from {{service}} {{instance}}")],
        }),
        upTimeline({
          title: "As seen by Prometheus: the engines and their exporters",
          queries: [query('up{service=""}', "{{job}}")],
        }),
        upTimeline({
          title: "As seen by their exporters",
          queries: [
            query("max(pg_up)", "PostgreSQL"),
            query("max(redis_up)", "Redis"),
            query("max(mongodb_up)", "MongoDB"),
          ],
        }),
      ],
    },
    {
      title: "RabbitMQ",
      panels: [
        series({
          title: "Disk",
          unit: "bytes",
          description: "RabbitMQ accepts no messages while free disk space is below the limit.",
          queries: [
            query("rabbitmq_disk_space_available_bytes", "free"),
            query("rabbitmq_disk_space_available_limit_bytes", "limit"),
          ],
        }),
        series({
          title: "Memory",
          unit: "bytes",
          queries: [
            query("rabbitmq_process_resident_memory_bytes", "used"),
            query("rabbitmq_resident_memory_limit_bytes", "limit"),
          ],
        }),
        series({
          title: "Connections and channels",
          unit: "short",
          queries: [query("rabbitmq_connections", "connections"), query("rabbitmq_channels", "channels")],
        }),
        series({
          title: "Open files, as a share of their limit",
          unit: "percentunit",
          max: 1,
          queries: [query("rabbitmq_process_open_fds / rabbitmq_process_max_fds", "open")],
        }),
      ],
    },
    {
      title: "PostgreSQL",
      panels: [
        series({
          title: "Connections, by state",
          unit: "short",
          stacked: true,
          queries: [
            query(`sum by (state) (pg_stat_activity_count{${database}})`, "{{state}}"),
            query("max(pg_settings_max_connections)", "limit"),
          ],
        }),
        series({
          title: "Transactions",
          unit: "ops",
          queries: [
            query(sumRate(`pg_stat_database_xact_commit{${database}}`), "committed"),
            query(sumRate(`pg_stat_database_xact_rollback{${database}}`), "rolled back"),
          ],
        }),
        series({
          title: "Blocks read from memory, as a share",
          unit: "percentunit",
          max: 1,
          queries: [
            query(
              `${sumRate(`pg_stat_database_blks_hit{${database}}`)} / (${sumRate(`pg_stat_database_blks_hit{${database}}`)} + ${sumRate(`pg_stat_database_blks_read{${database}}`)} > 0)`,
              "from memory",
            ),
          ],
        }),
        series({
          title: "Database size",
          unit: "bytes",
          queries: [query(`pg_database_size_bytes{${database}}`, "{{datname}}")],
        }),
        series({
          title: "Rows written",
          unit: "ops",
          queries: [
            query(sumRate(`pg_stat_database_tup_inserted{${database}}`), "inserted"),
            query(sumRate(`pg_stat_database_tup_updated{${database}}`), "updated"),
            query(sumRate(`pg_stat_database_tup_deleted{${database}}`), "deleted"),
          ],
        }),
        series({
          title: "Longest running transaction",
          unit: "s",
          queries: [query(`max(pg_stat_activity_max_tx_duration{${database}})`, "duration")],
        }),
        series({
          title: "Locks, by mode",
          unit: "short",
          queries: [query(`sum by (mode) (pg_locks_count{${database}})`, "{{mode}}")],
        }),
        series({
          title: "Deadlocks",
          unit: "short",
          steps: badFrom(1),
          queries: [
            query(`sum(increase(pg_stat_database_deadlocks{${database}}[$__rate_interval]))`, "deadlocks"),
          ],
        }),
      ].map((panel) => ({ ...panel, width: 6 })),
    },
    {
      title: "Redis",
      panels: [
        series({
          title: "Commands",
          unit: "ops",
          queries: [query(sumRate("redis_commands_processed_total"), "all")],
        }),
        series({
          title: "Memory in use",
          unit: "bytes",
          queries: [query("redis_memory_used_bytes", "used")],
        }),
        series({ title: "Clients", unit: "short", queries: [query("redis_connected_clients", "connected")] }),
        series({ title: "Keys", unit: "short", queries: [query("sum(redis_db_keys)", "keys")] }),
      ],
    },
    {
      title: "MongoDB",
      panels: [
        series({
          title: "Operations",
          unit: "ops",
          queries: [query(sumRate("mongodb_ss_opcounters", "legacy_op_type"), "{{legacy_op_type}}")],
        }),
        series({
          title: "Connections in use",
          unit: "short",
          queries: [query('mongodb_ss_connections{conn_type="current"}', "current")],
        }),
        series({
          title: "Resident memory",
          unit: "bytes",
          queries: [query("mongodb_ss_mem_resident * 1024 * 1024", "resident")],
        }),
        series({
          title: "Data, by database",
          unit: "bytes",
          queries: [query("mongodb_dbstats_dataSize", "{{database}}")],
        }),
      ],
    },
    {
      title: "Monitoring",
      panels: [
        series({
          title: "Scrape duration, by job",
          unit: "s",
          queries: [query("max by (job) (scrape_duration_seconds)", "{{job}}")],
        }),
        series({
          title: "Series in Prometheus",
          unit: "short",
          queries: [query("prometheus_tsdb_head_series", "series")],
        }),
        series({
          title: "Rules that could not be evaluated",
          unit: "short",
          steps: badFrom(1),
          queries: [
            query("sum(increase(prometheus_rule_evaluation_failures_total[$__rate_interval]))", "failures"),
          ],
        }),
        series({
          title: "Alerts in Alertmanager, and failed notifications",
          unit: "short",
          queries: [
            query("sum by (state) (alertmanager_alerts)", "{{state}}"),
            query(
              "sum(increase(alertmanager_notifications_failed_total[$__rate_interval]))",
              "failed notifications",
            ),
          ],
        }),
      ],
    },
  ],
});
