import type { Overview } from "../../../contracts/api-queries.ts";
import type { JobStatus } from "../../../contracts/job.ts";
import { statusWord } from "../../../contracts/status-words.ts";
import { count, duration, rate } from "../../../shared/format.ts";
import { Icon } from "../icon.tsx";
import { jobsAddress } from "../job-list/address.ts";
import { NextDue } from "./next-due.tsx";
import { STATUSES_SHOWN, statusesOf, toneOf } from "./status.tsx";

interface CountersProps {
  readonly overview: Overview;
  readonly perSecond: { readonly completed: number; readonly failed: number };
}

/** Shows how many jobs have each status, with links to the lists of those jobs. */
export function Counters({ overview, perSecond }: CountersProps) {
  const { byStatus } = overview.stats;
  const of = (status: JobStatus) => statusesOf(status).reduce((sum, one) => sum + (byStatus[one] ?? 0), 0);
  return (
    <section class="panel counters" aria-label="Jobs by status">
      {STATUSES_SHOWN.map((status) => {
        const value = of(status);
        const tone = status === "FAILED" && value > 0 ? "bad" : value === 0 ? "zero" : "";
        return (
          <a class={`counter ${tone}`} href={jobsAddress(`status:${statusWord(status)}`)} key={status}>
            <span class={`st st-${toneOf(status)}`}>
              <Icon name={toneOf(status)} />
              {capital(statusWord(status))}
            </span>
            <span class="value">{count(value)}</span>
            <span class="note">
              {status === "SCHEDULED" || status === "RETRYING" ? (
                <NextDue status={status} jobs={value} />
              ) : (
                noteOf(status, overview, perSecond)
              )}
            </span>
          </a>
        );
      })}
    </section>
  );
}

function noteOf(
  status: JobStatus,
  { workers, queues }: Overview,
  perSecond: CountersProps["perSecond"],
): string {
  switch (status) {
    case "COMPLETED":
      return `+${rate(perSecond.completed)}`;
    case "FAILED":
      return `+${rate(perSecond.failed)}`;
    case "EXECUTING":
      return `of ${count(workers.slots)} slots`;
    case "VALIDATED": {
      const oldest = Math.max(...queues.map(({ oldestWaitingMs }) => oldestWaitingMs ?? 0), 0);
      return oldest > 0 ? `oldest ${duration(oldest)}` : "none is late";
    }
    case "REJECTED":
      return "at intake";
    default:
      return "by a person";
  }
}

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
