/** How long an accepted job may be unknown to the read model without counting as missing. */
const ON_ITS_WAY_MS = 60_000;

const submitted = new Map<string, number>();
const MAX_SUBMITTED = 100;

/** Remembers that a job has just been accepted, because not every id contains its creation time. */
export function noteSubmitted(jobId: string): void {
  submitted.set(jobId, Date.now());
  for (const id of submitted.keys()) if (submitted.size > MAX_SUBMITTED) submitted.delete(id);
}

/**
 * Returns when a job that is unknown to the read model was accepted, or undefined if the read model should know it by
 * now. The read model does not know a new job at first, because the processor inserts the row only after the gateway
 * has accepted the job. If {@link noteSubmitted} was not called for the job, the time is taken from its id: a UUIDv7
 * starts with its creation time.
 */
export function onItsWaySince(jobId: string, now: number): number | undefined {
  const since = submitted.get(jobId) ?? madeAt(jobId);
  return since !== undefined && Math.abs(now - since) < ON_ITS_WAY_MS ? since : undefined;
}

function madeAt(id: string): number | undefined {
  return id.charAt(14) === "7" ? Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16) : undefined;
}
