/**
 * Derived ids make each effect happen exactly once without coordination: the same cause always yields the same id, so a
 * consumer recognizes a duplicate. They are version 5 UUIDs (RFC 9562, section 5.5) in this system's own namespaces.
 */
const JOB_NAMESPACE = "b3a1f6de-6f0b-5a6c-9d5e-0c6f0f4f7a10";
const COMMAND_NAMESPACE = "e0b7c1a4-3f42-5c68-a2c9-7d5b1e6f8a33";
const EVENT_NAMESPACE = "5d0c2f3e-2c57-5d4b-8b38-6f0d7f1a9e21";

/** Returns a new job id. Version 7 UUIDs are ordered by time, so inserts stay on recent index pages. */
export function newJobId(): string {
  return Bun.randomUUIDv7();
}

/** Returns the job id for an `Idempotency-Key`: the same key always names the same job. */
export function jobIdOfKey(idempotencyKey: string): string {
  return Bun.randomUUIDv5(idempotencyKey, JOB_NAMESPACE);
}

/** Returns the id of the job created by replaying a dead letter: repeating a replay request creates no second job. */
export function replayedJobId(deadLetterId: string, replays: number, request: string): string {
  return Bun.randomUUIDv5(`${deadLetterId}/${replays}/${request}`, JOB_NAMESPACE);
}

/** Returns the id of the command sent with an `Idempotency-Key`. */
export function commandIdOfKey(idempotencyKey: string): string {
  return Bun.randomUUIDv5(idempotencyKey, COMMAND_NAMESPACE);
}

/** Returns the id of a fan-out's child by its key: a handler that reruns after a crash submits the same children. */
export function childJobId(parentId: string, run: number, key: string): string {
  return Bun.randomUUIDv5(`${parentId}/${run}/${key}`, JOB_NAMESPACE);
}

/**
 * Returns the id of `job.created`. A different body under the same idempotency key is a different event about the same
 * job.
 */
export function createdEventId(jobId: string, fingerprint: string): string {
  return Bun.randomUUIDv5(`${jobId}/created/${fingerprint}`, EVENT_NAMESPACE);
}

/** Returns the id of a job's event with this sequence number. */
export function eventIdAt(jobId: string, sequence: number): string {
  return Bun.randomUUIDv5(`${jobId}/${sequence}`, EVENT_NAMESPACE);
}
