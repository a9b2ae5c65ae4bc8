/** The events that end a run of a job. */
export const TERMINAL_EVENTS = ["job.completed", "job.failed", "job.cancelled", "job.rejected"] as const;
