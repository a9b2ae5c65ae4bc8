import type { JobDetail, JobPage, Ledger, Overview } from "../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { Attempt, Job, JobStatus } from "../../contracts/job.ts";
import type { JobTypeInfo } from "../../contracts/job-type.ts";

/** The current time in all samples. */
export const NOW = Date.parse("2027-01-31T14:02:11.500Z");
const ago = (ms: number) => new Date(NOW - ms).toISOString();

export const sampleId = (number: number) =>
  `01a21d54-7589-76a2-8f2c-05f50dfc${String(number).padStart(4, "0")}`;

export function sampleOverview(changes: Partial<Overview> = {}): Overview {
  const queue = { scheduled: 0, executing: 0, paused: false };
  return {
    at: ago(400),
    version: "1.0.0",
    engines: "embedded",
    capabilities: { prometheus: true, alerts: true },
    stats: {
      total: 12_778,
      byStatus: {
        COMPLETED: 12_480,
        EXECUTING: 17,
        VALIDATED: 203,
        RETRYING: 4,
        SCHEDULED: 11,
        FAILED: 61,
        CANCELLED: 2,
      },
      byType: {
        hash: { COMPLETED: 8_903, EXECUTING: 9, VALIDATED: 151, FAILED: 41 },
        sleep: { COMPLETED: 3_120, EXECUTING: 6, VALIDATED: 48, SCHEDULED: 11, CANCELLED: 2 },
        flaky: { COMPLETED: 400, EXECUTING: 1, RETRYING: 4 },
        fail: { EXECUTING: 1, FAILED: 18 },
        "http-check": { COMPLETED: 57, VALIDATED: 4, FAILED: 2 },
      },
      lastEventAt: ago(400),
      counters: {
        submitted: 12_778,
        completed: 12_480,
        failed: 61,
        retried: 40,
        cancelled: 2,
        rejected: 0,
        events: 64_000,
      },
      execution: { count: 12_541, p50: 18, p95: 212, p99: 1_500 },
      queueWait: { count: 12_541, p50: 4, p95: 31, p99: 124 },
    },
    queues: [
      { ...queue, type: "hash", waiting: 151, oldestWaitingMs: 2_100 },
      { ...queue, type: "sleep", waiting: 48, oldestWaitingMs: 300 },
      { ...queue, type: "http-check", waiting: 4, paused: true, oldestWaitingMs: 120_000 },
      { ...queue, type: "flaky", waiting: 0, oldestWaitingMs: null },
    ],
    workers: { alive: 2, lost: 0, slots: 64, busy: 17 },
    deadLetters: 63,
    alerts: { firing: 1 },
    observationLagMs: 0,
    unavailable: [],
    ...changes,
  };
}

export function sampleLedger(changes: Partial<Ledger> = {}): Ledger {
  const none = { count: 0, ids: [] };
  return {
    watermark: ago(5_000),
    from: null,
    accepted: 12_778,
    completed: 12_480,
    failed: 61,
    cancelled: 2,
    rejected: 0,
    inFlight: 235,
    deadLettered: 0,
    lost: none,
    unobserved: none,
    duplicated: none,
    balanced: true,
    settled: false,
    ...changes,
  } as Ledger;
}

export function sampleEvent(
  number: number,
  eventType: string,
  jobType: string,
  payload: Record<string, unknown> = {},
): EventEnvelope {
  // The gateway publishes a job's first event; a processor publishes all later ones.
  const service = eventType === "job.created" ? "gateway" : "processor";
  return {
    contractVersion: "1.0.0",
    eventType,
    eventId: `c3a1b2c4-0000-4000-8000-00000000${String(number).padStart(4, "0")}`,
    occurredAt: ago(number * 100),
    producer: { service, instanceId: `${service}-1`, version: "1.0.0" },
    correlationId: sampleId(number),
    idempotencyKey: "k",
    payload: { jobId: sampleId(number), jobType, sequence: number, attempt: 1, ...payload },
  };
}

export const SAMPLE_EVENTS: readonly EventEnvelope[] = [
  sampleEvent(1, "job.completed", "hash", { totalMs: 18 }),
  sampleEvent(2, "job.failed", "fail", {
    attempt: 3,
    error: { code: "ALWAYS_FAILS", message: "Out of coffee" },
  }),
  sampleEvent(3, "job.started", "hash", { workerId: "processor-1.7085f3ee.1", queueWaitMs: 6 }),
  sampleEvent(12, "job.retrying", "flaky", {
    attempt: 2,
    delayMs: 176,
    error: { code: "FLAKY", message: "Told to fail" },
  }),
  sampleEvent(13, "job.scheduled", "sleep", { runAt: "2027-01-31T14:03:00.000Z" }),
  sampleEvent(14, "job.created", "日本語-📦", {}),
];

export function sampleJob(number: number, status: JobStatus, changes: Partial<Job> = {}): Job {
  return {
    id: sampleId(number),
    type: "hash",
    status,
    createdAt: ago(12_000 + number * 7_000),
    attempt: 3,
    tries: changes.attempt ?? 3,
    maxAttempts: 3,
    payload: { text: "observe", rounds: 1_000 },
    ...changes,
  };
}

export const SAMPLE_JOBS: JobPage = {
  nextCursor: "more",
  items: [
    sampleJob(1, "FAILED", {
      durationMs: 1_200,
      error: { code: "DEADLINE_EXCEEDED", message: "It took longer than 1000 ms" },
    }),
    sampleJob(2, "EXECUTING", {
      type: "sleep",
      attempt: 1,
      progress: { fraction: 0.4, note: "asleep", at: ago(100) },
    }),
    sampleJob(3, "RETRYING", {
      type: "flaky",
      attempt: 2,
      runAt: new Date(NOW + 900).toISOString(),
      error: { code: "FLAKY", message: "Told to fail" },
    }),
    sampleJob(4, "COMPLETED", { durationMs: 8, attempt: 1, error: undefined }),
    sampleJob(5, "SCHEDULED", { type: "sleep", attempt: 0, runAt: new Date(NOW + 42_000).toISOString() }),
    sampleJob(6, "FAILED", {
      type: "日本語📦型名",
      error: { code: "INVALID", message: "\x1b[31m📦 日本語\x1b[0m\nsecond line" },
    }),
    sampleJob(7, "CANCELLED", { attempt: 0 }),
    sampleJob(8, "REJECTED", {
      attempt: 0,
      error: { code: "INVALID_PAYLOAD", message: "rounds must be a number" },
    }),
  ],
};

const attempt = (number: number, startedMs: number, changes: Partial<Attempt> = {}): Attempt => ({
  attempt: number,
  run: 1,
  workerId: "processor-1.7085f3ee.1",
  outcome: "failed",
  startedAt: ago(60_000 - startedMs),
  finishedAt: ago(60_000 - startedMs),
  durationMs: 0.2,
  queueWaitMs: 1,
  error: { code: "FLAKY", message: `Told to fail its first 2 tries; this is try ${number}` },
  logs: [],
  ...changes,
});

/** Returns a flaky job that completed on its third try. */
export function sampleJobDetail(changes: Partial<JobDetail> = {}): JobDetail {
  const at = (ms: number) => ago(60_000 - ms);
  const move = (sequence: number, from: JobStatus | null, to: JobStatus, ms: number, number: number) => ({
    sequence,
    run: 1,
    from,
    to,
    attempt: number,
    eventId: `c3a1b2c4-0000-4000-8000-0000000${String(sequence).padStart(5, "0")}`,
    at: at(ms),
  });
  return {
    ...sampleJob(1, "COMPLETED", { type: "flaky", createdAt: at(0), finishedAt: at(297) }),
    result: { tries: 3 },
    transitions: [
      move(0, null, "PENDING", 0, 0),
      move(1, "PENDING", "VALIDATED", 6, 0),
      move(2, "VALIDATED", "EXECUTING", 8, 1),
      move(4, "EXECUTING", "RETRYING", 9, 1),
      move(6, "RETRYING", "EXECUTING", 102, 2),
      move(8, "EXECUTING", "RETRYING", 103, 2),
      move(10, "RETRYING", "EXECUTING", 279, 3),
      move(12, "EXECUTING", "COMPLETED", 297, 3),
    ],
    attempts: [
      attempt(1, 8),
      attempt(2, 102),
      attempt(3, 279, {
        outcome: "succeeded",
        durationMs: 18,
        error: undefined,
        logs: [{ at: at(280), message: "Third time lucky 🍀" }],
      }),
    ],
    children: { total: 0, byStatus: {} },
    events: [{ ...sampleEvent(1, "job.created", "flaky"), hops: { acceptedAt: at(0), confirmedAt: at(2) } }],
    unavailable: [],
    traceId: "01a21d54758976a28f2c00010dfcb187",
    ...changes,
  };
}

export const SAMPLE_TYPES: readonly JobTypeInfo[] = [
  {
    name: "hash",
    version: "1.0.0",
    description: "Hashes a text again and again",
    retry: { maxAttempts: 3, baseMs: 200, capMs: 10_000 },
    deadlineMs: 30_000,
    payloadSchema: {
      type: "object",
      required: ["text"],
      additionalProperties: false,
      properties: {
        text: { type: "string", maxLength: 10_000, description: "what to hash" },
        rounds: { type: "integer", minimum: 1, maximum: 10_000_000, default: 1_000 },
        algorithm: { enum: ["sha256", "sha512"], default: "sha256" },
      },
    },
    example: { text: "observe", rounds: 1_000 },
  },
  {
    name: "sleep",
    version: "1.0.0",
    description: "Sleeps for a while",
    retry: { maxAttempts: 3, baseMs: 200, capMs: 10_000 },
    deadlineMs: 60_000,
    payloadSchema: {
      type: "object",
      required: ["ms"],
      properties: { ms: { type: "integer", minimum: 0, maximum: 60_000 } },
    },
    example: { ms: 250 },
  },
];
