import { type Static, Type } from "@sinclair/typebox";
import { Alert } from "./alert.ts";
import { DeadLetter } from "./dead-letter.ts";
import { EventEnvelope } from "./envelope.ts";
import { Attempt, Job, JobStatus, JobSummary, Transition } from "./job.ts";
import { Count, Millis, published, StringEnum, Timestamp, Uuid } from "./schema.ts";

const NextCursor = Type.Union([Type.String(), Type.Null()], {
  description: "Give it back as `cursor` for the next page; null on the last one",
});

export const JobPage = published(
  "job-page",
  "2.0.0",
  Type.Object({ items: Type.Array(JobSummary), nextCursor: NextCursor }),
);
export type JobPage = Static<typeof JobPage>;

export const EventPage = published(
  "event-page",
  "1.0.0",
  Type.Object({ items: Type.Array(EventEnvelope), nextCursor: NextCursor }),
);
export type EventPage = Static<typeof EventPage>;

export const DeadLetterPage = published(
  "dead-letter-page",
  "1.0.0",
  Type.Object({ items: Type.Array(DeadLetter), nextCursor: NextCursor }),
);
export type DeadLetterPage = Static<typeof DeadLetterPage>;

/** Everything about one job. `unavailable` names the parts whose store did not answer. */
export const JobDetail = published(
  "job-detail",
  "1.3.0",
  Type.Intersect([
    Job,
    Type.Object({
      transitions: Type.Array(Transition),
      attempts: Type.Array(Attempt),
      children: Type.Object({ total: Count, byStatus: Type.Record(Type.String(), Count) }),
      events: Type.Array(EventEnvelope),
      unavailable: Type.Array(Type.String()),
      traceId: Type.Optional(
        Type.String({ pattern: "^[0-9a-f]{32}$", description: "W3C trace id; it is in the logs too" }),
      ),
      /** Set where the job never became a row: its status is REJECTED, its facts are those of this refused message. */
      deadLetter: Type.Optional(DeadLetter),
    }),
  ]),
);
export type JobDetail = Static<typeof JobDetail>;

/** One line of a job's history, oldest first. `offsetMs` counts from the job's creation. */
export const TimelineEntry = Type.Object({
  at: Timestamp,
  offsetMs: Type.Number(),
  kind: StringEnum(["hop", "transition", "attempt", "log", "event"]),
  title: Type.String(),
  sequence: Type.Optional(Count),
  attempt: Type.Optional(Count),
  durationMs: Type.Optional(Millis),
  eventId: Type.Optional(Uuid),
  service: Type.Optional(Type.String()),
  detail: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
export type TimelineEntry = Static<typeof TimelineEntry>;
export const Timeline = published(
  "timeline",
  "1.0.0",
  Type.Object({
    jobId: Uuid,
    entries: Type.Array(TimelineEntry),
    unavailable: Type.Array(Type.String()),
  }),
);
export type Timeline = Static<typeof Timeline>;

/** Percentiles of a latency digest, in milliseconds, each within 2 % of the true value; null when nothing was measured. */
export const Percentiles = Type.Object({
  count: Count,
  p50: Type.Union([Millis, Type.Null()]),
  p95: Type.Union([Millis, Type.Null()]),
  p99: Type.Union([Millis, Type.Null()]),
});
export type Percentiles = Static<typeof Percentiles>;

export const Stats = published(
  "stats",
  "2.0.0",
  Type.Object({
    total: Count,
    byStatus: Type.Record(Type.String(), Count, {
      description: "Jobs by the status that they have now, from the job store",
    }),
    lastEventAt: Type.Union([Timestamp, Type.Null()]),
    counters: Type.Object(
      {
        submitted: Count,
        completed: Count,
        failed: Count,
        retried: Count,
        cancelled: Count,
        rejected: Count,
        events: Count,
      },
      {
        description:
          "What has happened, each event counted once: a job that failed, was retried and failed again is in `failed` twice, and once under FAILED of `byStatus`",
      },
    ),
    execution: Percentiles,
    queueWait: Percentiles,
  }),
);
export type Stats = Static<typeof Stats>;

export const QueueState = published(
  "queue-state",
  "1.1.0",
  Type.Object({
    type: Type.String(),
    waiting: Count,
    scheduled: Count,
    executing: Count,
    paused: Type.Boolean(),
    oldestWaitingMs: Type.Union([Millis, Type.Null()]),
    workers: Type.Optional(
      Type.Integer({ minimum: 0, description: "Live workers that run this type, at any version" }),
    ),
    withoutWorker: Type.Optional(
      Type.Integer({ minimum: 0, description: "Jobs that wait and that no live worker can run" }),
    ),
    note: Type.Optional(Type.String({ description: "Why jobs stay, where no worker takes them" })),
  }),
);
export type QueueState = Static<typeof QueueState>;

export const BusQueueState = Type.Object({
  name: Type.String(),
  ready: Count,
  held: Type.Optional(
    Type.Integer({ minimum: 0, description: "Messages that a consumer has and has not acknowledged yet" }),
  ),
  consumers: Count,
});
export type BusQueueState = Static<typeof BusQueueState>;

export const WorkerState = published(
  "worker-state",
  "1.1.0",
  Type.Object({
    id: Type.String(),
    host: Type.String(),
    pid: Type.Integer(),
    version: Type.String(),
    state: StringEnum(["alive", "stopping", "lost", "stopped"]),
    concurrency: Type.Integer({ minimum: 1 }),
    types: Type.Optional(Type.Array(Type.String(), { description: "The job types that it runs" })),
    running: Count,
    jobs: Type.Array(Type.Object({ jobId: Uuid, type: Type.String(), attempt: Count, startedAt: Timestamp })),
    startedAt: Timestamp,
    heartbeatAt: Timestamp,
  }),
);
export type WorkerState = Static<typeof WorkerState>;

/** What the processor knows of the job store at one moment; the metrics-engine keeps these as series. */
export const StoreSnapshot = published(
  "store-snapshot",
  "1.1.0",
  Type.Object({
    at: Timestamp,
    queues: Type.Array(QueueState),
    workers: Type.Array(WorkerState),
    deadLetters: Count,
    outbox: Count,
  }),
);
export type StoreSnapshot = Static<typeof StoreSnapshot>;

/** The latest snapshot, as it is kept and shown: the store's side and the bus's side. */
export const Snapshot = published(
  "snapshot",
  "1.2.0",
  Type.Intersect([StoreSnapshot, Type.Object({ bus: Type.Array(BusQueueState) })]),
);
export type Snapshot = Static<typeof Snapshot>;

export const QueuesReply = published(
  "queues",
  "1.2.0",
  Type.Object({
    queues: Type.Array(QueueState),
    bus: Type.Array(BusQueueState),
    busAt: Type.Union([Timestamp, Type.Null()]),
    deadLetters: Count,
    outbox: Count,
  }),
);
export const WorkersReply = published("workers", "1.1.0", Type.Object({ workers: Type.Array(WorkerState) }));
export type QueuesReply = Static<typeof QueuesReply>;
export type WorkersReply = Static<typeof WorkersReply>;

export const AlertsReply = published(
  "alerts",
  "1.0.0",
  Type.Object({
    items: Type.Array(Alert),
    source: StringEnum(["alertmanager", "none"], { description: "none: no Alertmanager is configured" }),
    fetchedAt: Type.Union([Timestamp, Type.Null()]),
  }),
);
export type AlertsReply = Static<typeof AlertsReply>;

const LedgerIds = Type.Object({
  count: Count,
  ids: Type.Array(Uuid, { description: "The ids of the first 100 of these jobs" }),
});

/** How far the watermark may be kept back. Few, so that callers share what is computed. */
export const SETTLE_TIMES_MS = [0, 1_000, 5_000, 30_000, 60_000] as const;
export type SettleMs = (typeof SETTLE_TIMES_MS)[number];

/** One thing that keeps a ledger from judging everything up to now. */
export const Waiting = Type.Object({
  what: StringEnum(["outbox", "worker", "queue", "snapshot", "event-store", "job-store", "jobs"]),
  name: Type.Optional(Type.String({ description: "The worker or the queue" })),
  since: Type.Union([Timestamp, Type.Null()], { description: "The moment up to which it has come" }),
  message: Type.String(),
});
export type Waiting = Static<typeof Waiting>;

/**
 * The balance of accepted jobs, by id, below a watermark. When `balanced`, accepted = completed + failed + cancelled +
 * rejected + inFlight + deadLettered, and the three accusations read 0.
 */
export const Ledger = published(
  "ledger",
  "1.2.0",
  Type.Object({
    watermark: Timestamp,
    settleMs: Type.Optional(Count),
    behindMs: Type.Optional(
      Type.Number({
        minimum: 0,
        description: "How far the watermark lies behind now; `settleMs` is part of it",
      }),
    ),
    waitingFor: Type.Optional(
      Type.Array(Waiting, {
        description: "What keeps the watermark back, the oldest first, and jobs that have not ended",
      }),
    ),
    from: Type.Union([Timestamp, Type.Null()], {
      description: "Older jobs are outside the event store's retention",
    }),
    accepted: Count,
    completed: Count,
    failed: Count,
    cancelled: Count,
    rejected: Count,
    inFlight: Count,
    deadLettered: Type.Integer({
      minimum: 0,
      description: "Jobs that never became a row: they are only a dead letter, whatever became of that",
    }),
    deadLetters: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          "Dead letters of jobs and messages, neither replayed nor dropped, as in `/queues` and `/overview`",
      }),
    ),
    /** Jobs without a row whose dead letter waits for a person, observed or not: accepted, and never run. */
    onlyDeadLetters: Type.Optional(LedgerIds),
    lost: LedgerIds,
    unobserved: LedgerIds,
    duplicated: LedgerIds,
    balanced: Type.Boolean(),
    settled: Type.Boolean({
      description: "True when every job has ended and nothing has happened since the watermark",
    }),
  }),
);
export type Ledger = Static<typeof Ledger>;

/** One metric over time, one number per minute (or per `stepMs`), oldest first; absent points are null. */
export const SeriesReply = published(
  "series",
  "1.0.0",
  Type.Object({
    stepMs: Type.Integer({ minimum: 1 }),
    from: Timestamp,
    to: Timestamp,
    series: Type.Array(
      Type.Object({
        metric: Type.String(),
        labels: Type.Record(Type.String(), Type.String()),
        points: Type.Array(Type.Union([Type.Number(), Type.Null()])),
      }),
    ),
  }),
);
export type SeriesReply = Static<typeof SeriesReply>;

export const Overview = published(
  "overview",
  "1.1.0",
  Type.Object({
    at: Timestamp,
    version: Type.String(),
    engines: StringEnum(["full", "embedded"]),
    capabilities: Type.Record(Type.String(), Type.Boolean(), {
      description: "What this installation offers beside the core",
    }),
    stats: Stats,
    queues: Type.Array(QueueState),
    workers: Type.Object({ alive: Count, lost: Count, slots: Count, busy: Count }),
    deadLetters: Count,
    alerts: Type.Object({ firing: Count }),
    observationLagMs: Type.Union([Millis, Type.Null()]),
    unavailable: Type.Array(Type.String()),
  }),
);
export type Overview = Static<typeof Overview>;

/** One change on the live feed: enough to redraw a row without asking again. */
export const Delta = published(
  "delta",
  "1.0.0",
  Type.Object({
    jobId: Uuid,
    type: Type.String(),
    event: Type.String(),
    status: Type.Union([JobStatus, Type.Null()]),
    sequence: Count,
    attempt: Count,
    at: Timestamp,
  }),
);
export type Delta = Static<typeof Delta>;

/** The `data` of one server-sent event on `/stream`: the deltas of one recorded batch, or a snapshot. */
export const StreamMessage = published(
  "stream-message",
  "1.0.0",
  Type.Union([
    Type.Object({ kind: Type.Literal("deltas"), deltas: Type.Array(Delta), dropped: Count }),
    Type.Object({ kind: Type.Literal("alerts"), firing: Count }),
  ]),
);
export type StreamMessage = Static<typeof StreamMessage>;
