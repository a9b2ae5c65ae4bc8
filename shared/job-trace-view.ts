import type { JobDetail } from "../contracts/api-queries.ts";
import type { Hops } from "../contracts/envelope.ts";
import type { AttemptOutcome } from "../contracts/job.ts";

/** A bar in a job's trace view. Times are in milliseconds since the job was accepted. */
export interface TraceBar {
  readonly kind: "hop" | "wait" | "try";
  readonly label: string;
  readonly startMs: number;
  readonly endMs: number;
  /** The service, broker or worker in which the step happened. */
  readonly who?: string;
  readonly note?: string;
  readonly outcome?: AttemptOutcome;
  /** True while the bar is still growing. */
  readonly open: boolean;
  /** True for the longest bar, unless it is still growing. */
  readonly slowest: boolean;
}

export interface JobTrace {
  readonly bars: readonly TraceBar[];
  /** The time from acceptance to the end of the last bar, which is now while the job continues. */
  readonly totalMs: number;
}

type Bar = Omit<TraceBar, "slowest" | "open"> & { readonly open?: true };

/**
 * Lays out a job's history as bars on one time axis: first its hops from one service to the next (accepted, confirmed,
 * received), and then each wait and each try. Since machines' clocks differ, bars are clamped: no bar begins before the
 * job or ends before its own start.
 */
export function traceOf(job: JobDetail, now: number): JobTrace {
  const start = Date.parse(job.createdAt);
  const since = (time: string | number) =>
    Math.max(0, (typeof time === "number" ? time : Date.parse(time)) - start);
  const hops = hopsOf(job);
  const bars: Bar[] = [
    { kind: "hop", label: "accepted", startMs: 0, endMs: 0, who: "gateway", note: acceptedBy(job) },
  ];
  let at = 0;
  const hop = (label: string, time: string | undefined, who: string) => {
    if (time === undefined) return;
    const endMs = Math.max(at, since(time));
    bars.push({ kind: "hop", label, startMs: at, endMs, who });
    at = endMs;
  };
  hop("confirmed", hops.confirmedAt, "broker");
  // The processor records a job's first transition as soon as it has received the job.
  const received = hops.receivedAt ?? job.transitions.find(({ from }) => from === "PENDING")?.at;
  hop("received", received, "processor");

  for (const attempt of job.attempts) {
    const startMs = Math.max(at, since(attempt.startedAt));
    if (startMs > at)
      bars.push({
        kind: "wait",
        label: "wait",
        startMs: at,
        endMs: startMs,
        note: whyWaited(job, attempt.attempt),
      });
    at = Math.max(startMs, startMs + attempt.durationMs);
    const { outcome, workerId, error } = attempt;
    bars.push({
      kind: "try",
      label: `try ${attempt.attempt}`,
      startMs,
      endMs: at,
      who: workerId,
      outcome,
      note: error?.message,
    });
  }
  const last = lastBar(job, at, since, now);
  if (last) bars.push(last);
  return { bars: marked(bars), totalMs: Math.max(...bars.map(({ endMs }) => endMs)) };
}

/** Returns the bar for what an unfinished job is doing now; undefined if the job has ended. */
function lastBar(
  job: JobDetail,
  at: number,
  since: (time: string | number) => number,
  now: number,
): Bar | undefined {
  const endMs = Math.max(at, since(now));
  switch (job.status) {
    case "EXECUTING": {
      const startMs = Math.max(at, job.startedAt === undefined ? at : since(job.startedAt));
      return {
        kind: "try",
        label: `try ${job.attempt ?? job.attempts.length + 1}`,
        startMs,
        endMs: Math.max(startMs, endMs),
        who: job.workerId,
        open: true,
        note: job.progress?.note,
      };
    }
    case "PENDING":
    case "VALIDATED":
      return { kind: "wait", label: "wait", startMs: at, endMs, note: "for a free slot", open: true };
    case "SCHEDULED":
    case "RETRYING":
      return {
        kind: "wait",
        label: "wait",
        startMs: at,
        endMs,
        note: job.status === "RETRYING" ? "until the next try" : "until it is due",
        open: true,
      };
    default:
      return undefined;
  }
}

function whyWaited(job: JobDetail, attempt: number): string {
  if (attempt > 1) {
    const retry = job.transitions.find(
      (move) => move.to === "VALIDATED" && move.attempt === attempt - 1 && move.run > 1,
    );
    return retry ? "until a person retried it" : "backoff, full jitter";
  }
  return job.transitions.some(({ to }) => to === "SCHEDULED") ? "until it is due" : "for a free slot";
}

/** Returns the earliest time recorded for each hop, whichever event carries it. */
function hopsOf({ events }: JobDetail): Hops {
  const found: Record<string, string> = {};
  for (const { hops = {} } of events)
    for (const [name, time] of Object.entries(hops))
      if (time && (found[name] === undefined || time < found[name])) found[name] = time;
  return found;
}

function acceptedBy({ originKind, parentId }: JobDetail): string {
  if (parentId) return "by its parent";
  return originKind ? originKind : "POST /jobs";
}

function marked(bars: readonly Bar[]): TraceBar[] {
  const lengths = bars.map(({ startMs, endMs }) => endMs - startMs);
  const longest = Math.max(...lengths);
  const at = longest > 0 ? lengths.indexOf(longest) : -1;
  return bars.map((bar, index) => ({ ...bar, open: bar.open ?? false, slowest: index === at && !bar.open }));
}
