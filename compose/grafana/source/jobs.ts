import { dashboard, externalLink, labelVariable } from "./dashboard.ts";
import {
  FAILED_OF_TYPE,
  failedJobsCommand,
  jobsCommand,
  OF_TYPE,
  READ_MODEL,
  readModelUrl,
} from "./links.ts";
import { badFrom, goodFrom, series, stat, text } from "./panels.ts";
import { quantile, quantiles, query, sumRate } from "./queries.ts";

/** The share of ended jobs that may fail, as in rules/objective.yml. */
const BUDGET = 0.01;

const type = 'type=~"$type"';
const ended = (range: string) => ({
  failed: `sum(increase(observatory_jobs_failed_total{${type}}[${range}]))`,
  completed: `sum(increase(observatory_jobs_completed_total{${type}}[${range}]))`,
});
const { failed, completed } = ended("$__range");
const byType = (name: string) =>
  query(sumRate(`observatory_jobs_${name}_total{${type}}`, "type"), "{{type}}");

export default dashboard({
  name: "jobs",
  title: "Jobs and their objective",
  description: `The objective is that ${100 - BUDGET * 100}% of ended jobs complete. Choose a type, or open this dashboard with ?var-type=<type>&from=<ms>&to=<ms>.`,
  variables: [labelVariable("type", "observatory_jobs_submitted_total"), READ_MODEL],
  links: [
    externalLink("Jobs as JSON", readModelUrl("/jobs"), "Every job, newest first"),
    externalLink("Ledger", readModelUrl("/ledger"), "Compares accepted jobs with their outcomes, by id"),
  ],
  rows: [
    {
      title: "Objective",
      panels: [
        stat({
          title: "Completed share of ended jobs",
          unit: "percentunit",
          width: 5,
          description: "In the chosen time range, for the chosen types.",
          steps: goodFrom(1 - BUDGET),
          queries: [query(`${completed} / (${failed} + ${completed} > 0)`, "completed")],
        }),
        stat({
          title: "Burn rate of the last hour",
          unit: "none",
          width: 5,
          description: `The error budget is ${BUDGET * 100}% of ended jobs. A burn rate of 1 spends exactly this budget; a rate of 2 spends it twice as fast.`,
          steps: badFrom(1),
          queries: [query(`job:observatory_jobs_failed:ratio_rate1h / ${BUDGET}`, "of all types")],
        }),
        series({
          title: "Burn rate of the error budget, all types",
          unit: "none",
          width: 14,
          description:
            "The alert JobBudgetBurning fires when the rate exceeds 14.4 over both 1 h and 5 min, or 6 over both 6 h and 30 min.",
          steps: [
            { color: "green", value: null },
            { color: "orange", value: 6 },
            { color: "red", value: 14.4 },
          ],
          queries: ["5m", "30m", "1h", "6h"].map((window) =>
            query(`job:observatory_jobs_failed:ratio_rate${window} / ${BUDGET}`, window),
          ),
        }),
      ],
    },
    {
      title: "Outcomes",
      panels: [
        series({
          title: "Submitted",
          unit: "ops",
          stacked: true,
          queries: [byType("submitted")],
          links: OF_TYPE,
        }),
        series({
          title: "Completed",
          unit: "ops",
          stacked: true,
          queries: [byType("completed")],
          links: OF_TYPE,
        }),
        series({
          title: "Failed: out of tries",
          unit: "ops",
          stacked: true,
          queries: [byType("failed")],
          links: FAILED_OF_TYPE,
        }),
        series({
          title: "Retried",
          unit: "ops",
          stacked: true,
          queries: [byType("retried")],
          links: OF_TYPE,
        }),
        series({
          title: "Cancelled and refused",
          unit: "ops",
          queries: [
            query(sumRate(`observatory_jobs_cancelled_total{${type}}`), "cancelled"),
            query(sumRate(`observatory_jobs_rejected_total{${type}}`), "refused at intake"),
          ],
        }),
        series({
          title: "Attempts, all types",
          unit: "ops",
          stacked: true,
          queries: [query(sumRate("observatory_attempts_total", "outcome"), "{{outcome}}")],
        }),
      ].map((panel) => ({ ...panel, width: 8 })),
    },
    {
      title: "Durations",
      panels: [
        series({
          title: "Duration of attempts",
          unit: "s",
          queries: quantiles("observatory_job_duration_seconds", type),
        }),
        series({
          title: "Duration of attempts, p95 by type",
          unit: "s",
          queries: [query(quantile(0.95, "observatory_job_duration_seconds", type, "type"), "{{type}}")],
          links: OF_TYPE,
        }),
        series({
          title: "Time that due jobs wait for a slot",
          unit: "s",
          queries: quantiles("observatory_job_queue_wait_seconds", type),
        }),
        series({
          title: "Time that due jobs wait for a slot, p95 by type",
          unit: "s",
          queries: [query(quantile(0.95, "observatory_job_queue_wait_seconds", type, "type"), "{{type}}")],
          links: OF_TYPE,
        }),
      ],
    },
    {
      title: "Backlog and dead letters",
      panels: [
        series({
          title: "Unfinished jobs, by state",
          unit: "short",
          stacked: true,
          queries: [
            query(
              `sum by (state) (max by (type, state) (observatory_jobs_unfinished{${type}}))`,
              "{{state}}",
            ),
          ],
        }),
        series({
          title: "Age of the oldest waiting job",
          unit: "s",
          queries: [query(`max by (type) (observatory_oldest_waiting_seconds{${type}})`, "{{type}}")],
          links: OF_TYPE,
        }),
        series({
          title: "Dead letters neither replayed nor dropped",
          unit: "short",
          description:
            "Jobs that are out of tries, and messages that could not be processed. /dead-letters lists them.",
          queries: [query("max(observatory_dead_letters)", "dead letters")],
        }),
        series({
          title: "Lost, unobserved or duplicated jobs",
          unit: "short",
          description: "As reported by the ledger. Must be 0; /ledger lists the ids.",
          steps: badFrom(1),
          queries: [query("max by (verdict) (observatory_ledger_jobs)", "{{verdict}}")],
        }),
      ],
    },
    {
      title: "Links",
      height: 5,
      panels: [
        text(
          "The jobs behind these lines",
          [
            "Click a type's line to open the jobs of that type, or this dashboard for that type only.",
            "",
            "| in a terminal | over HTTP |",
            "| --- | --- |",
            `| \`${jobsCommand("TYPE")}\` | [\`/jobs?type=TYPE\`](${readModelUrl("/jobs")}) |`,
            `| \`${failedJobsCommand("TYPE")}\` | [\`/jobs?type=TYPE&status=FAILED\`](${readModelUrl("/jobs?status=FAILED")}) |`,
            `| \`odd-dashboard dead-letters list\` | [\`/dead-letters\`](${readModelUrl("/dead-letters")}) |`,
            `| \`odd-dashboard ledger\` | [\`/ledger\`](${readModelUrl("/ledger")}) |`,
          ].join("\n"),
        ),
      ],
    },
  ],
});
