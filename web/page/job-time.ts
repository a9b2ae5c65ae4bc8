import type { JobDetail } from "../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { TraceBar } from "../../shared/job-trace-view.ts";

/** One part of a job's time. */
export interface Spent {
  readonly kind: "wait" | "claim" | "bus" | "run";
  readonly label: string;
  readonly ms: number;
}

/** Returns how a job spent its time, largest part first. */
export function spentOf(bars: readonly TraceBar[]): Spent[] {
  const sums = new Map<string, Spent>();
  for (const bar of bars) {
    const part = partOf(bar);
    const ms = (sums.get(part.label)?.ms ?? 0) + bar.endMs - bar.startMs;
    sums.set(part.label, { ...part, ms });
  }
  return [...sums.values()].filter(({ ms }) => ms > 0).sort((a, b) => b.ms - a.ms);
}

function partOf({ kind, note }: TraceBar): Omit<Spent, "ms"> {
  if (kind === "hop") return { kind: "bus", label: "on the bus" };
  if (kind === "try") return { kind: "run", label: "running" };
  if (note === "for a free slot") return { kind: "claim", label: "waiting for a slot" };
  if (note === "until it is due") return { kind: "claim", label: "until it is due" };
  return note === "until a person retried it"
    ? { kind: "wait", label: "until a person retried it" }
    : { kind: "wait", label: "between tries" };
}

/**
 * Returns the event that belongs to a bar of the chart: for a hop on the bus or a try, its own event; for a wait, the
 * last event before it.
 */
export function eventOfBar(job: JobDetail, bar: TraceBar): EventEnvelope | undefined {
  const { events } = job;
  const of = (type: string) => events.find(({ eventType }) => eventType === type);
  if (bar.kind === "try") {
    const attempt = Number(bar.label.replace("try ", ""));
    const its = events.filter(({ payload }) => payload.attempt === attempt);
    return its.find(({ eventType }) => eventType === "job.executed") ?? its.at(0);
  }
  if (bar.kind === "wait") {
    const start = Date.parse(job.createdAt) + bar.startMs;
    return events.findLast(({ occurredAt }) => Date.parse(occurredAt) <= start + 1) ?? events[0];
  }
  return bar.label === "received" ? (of("job.validated") ?? of("job.created")) : of("job.created");
}

const STEPS = [1, 2, 5];
const MOST_TICKS = 4;

/** Returns round tick values for an axis from 0 to `totalMs`, none of them near the axis's end. */
export function ticksOf(totalMs: number): number[] {
  if (totalMs <= 0) return [0];
  const least = totalMs / MOST_TICKS;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * (STEPS.find((one) => one * power >= least) ?? 10);
  return Array.from({ length: Math.ceil(totalMs / step) }, (_, index) => index * step).filter(
    (tick) => tick < totalMs * 0.85,
  );
}
