import { duration } from "../../shared/format.ts";

const MINUTE_MS = 60_000;

/** Formats the remaining time. Seconds are rounded up, so that `in 1 s` precedes `now`. */
export function timeLeft(ms: number): string {
  if (ms <= 0) return "now";
  return `in ${ms < MINUTE_MS ? `${Math.ceil(ms / 1_000)} s` : duration(ms)}`;
}
