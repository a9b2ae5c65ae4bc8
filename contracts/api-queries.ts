import { type Static, Type } from "@sinclair/typebox";
import { Alert } from "./alert.ts";
import { DeadLetter } from "./dead-letter.ts";
import { EventEnvelope } from "./envelope.ts";
import { Attempt, Job, JobStatus, JobSummary, Transition } from "./job.ts";
import { Count, Millis, published, StringEnum, Timestamp, Uuid } from "./schema.ts";

const NextCursor = Type.Union([Type.String(), Type.Null()], {
  description: "The `cursor` of the next page; null on the last page",
});

export const JobPage = published(
  "job-page",
  "2.0.2",
  Type.Object({ items: Type.Array(JobSummary), nextCursor: NextCursor }),
);
export type JobPage = Static<typeof JobPage>;

export const EventPage = published(
  "event-page",
  "1.0.2",
  Type.Object({ items: Type.Array(EventEnvelope), nextCursor: NextCursor }),
);
export type EventPage = Static<typeof EventPage>;

export const DeadLetterPage = published(
  "dead-letter-page",
  "1.0.2",
  Type.Object({ items: Type.Array(DeadLetter), nextCursor: NextCursor }),
);
export type DeadLetterPage = Static<typeof DeadLetterPage>;

/** All data about a job. `unavailable` names the parts whose store did not answer. */
export const JobDetail = published(
  "job-detail",
  "1.3.1",
  Type.Intersect([
    Job,
    Type.Object({
      transitions: Type.Array(Transition),
      attempts: Type.Array(Attempt),
      children: Type.Object({ total: Count, byStatus: Type.Record(Type.String(), Count) }),
      events: Type.Array(EventEnvelope),
      unavailable: Type.Array(Type.String()),
      traceId: Type.Optional(
        Type.String({
          pattern: "^[0-9a-f]{32}$",
          description: "The job's W3C trace id, as it appears in the logs",
        }),
      ),
      /** Set if the job has no row. Its status is then REJECTED, and its other fields come from this dead letter. */
      deadLetter: Type.Optional(DeadLetter),
    }),
  ]),
);
export type JobDetail = Static<typeof JobDetail>;

/** One entry in a job's history, which is listed oldest first. `offsetMs` counts from the job's creation. */
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
  "1.0.1",
  Type.Object({
    jobId: Uuid,
    entries: Type.Array(TimelineEntry),
    unavailable: Type.Array(Type.String()),
  }),
);
export type Timeline = Static<typeof Timeline>;

/**
 * Percentiles of a latency digest, in milliseconds, each within 2% of the true value; null if nothing was measured.
 */
export const Percentiles = Type.Object({
  count: Count,
  p50: Type.Union([Millis, Type.Null()]),
  p95: Type.Union([Millis, Type.Null()]),
  p99: Type.Union([Millis, Type.Null()]),
});
export type Percentiles = Static<typeof Percentiles>;

export const Stats = published(
  "stats",
  "2.1.1",
  Type.Object({
    total: Count,
    byStatus: Type.Record(Type.String(), Count, {
      description: "The number of jobs by current status, from the job store",
    }),
    byType: Type.Optional(
      Type.Record(Type.String(), Type.Record(Type.String(), Count), {
        description:
          "The number of jobs by type, then by status. Types and statuses without jobs are left out",
      }),
    ),
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
          "The number of events so far, each counted once. A job that failed, was retried and failed again counts twice in `failed`, but once under FAILED in `byStatus`",
      },
    ),
    execution: Percentiles,
    queueWait: Percentiles,
  }),
);
export type Stats = Static<typeof Stats>;

export const QueueState = published(
  "queue-state",
  "1.1.1",
  Type.Object({
    type: Type.String(),
    waiting: Count,
    scheduled: Count,
    executing: Count,
    paused: Type.Boolean(),
    oldestWaitingMs: Type.Union([Millis, Type.Null()]),
    workers: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: "The number of live workers that run this type, at any version",
      }),
    ),
    withoutWorker: Type.Optional(
      Type.Integer({ minimum: 0, description: "The number of waiting jobs that no live worker can run" }),
    ),
    note: Type.Optional(
      Type.String({
        description:
          "Why jobs of this type are stuck; set only if some of them have no live worker that can run them",
      }),
    ),
  }),
);
export type QueueState = Static<typeof QueueState>;

export const BusQueueState = Type.Object({
  name: Type.String(),
  ready: Count,
  held: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "The number of messages delivered to a consumer and not yet acknowledged",
    }),
  ),
  consumers: Count,
});
export type BusQueueState = Static<typeof BusQueueState>;

export const WorkerState = published(
  "worker-state",
  "1.1.1",
  Type.Object({
    id: Type.String(),
    host: Type.String(),
    pid: Type.Integer(),
    version: Type.String(),
    state: StringEnum(["alive", "stopping", "lost", "stopped"]),
    concurrency: Type.Integer({ minimum: 1 }),
    types: Type.Optional(Type.Array(Type.String(), { description: "The job types that the worker runs" })),
    running: Count,
    jobs: Type.Array(Type.Object({ jobId: Uuid, type: Type.String(), attempt: Count, startedAt: Timestamp })),
    startedAt: Timestamp,
    heartbeatAt: Timestamp,
  }),
);
export type WorkerState = Static<typeof WorkerState>;

/** The state of the job store at one moment, as the processor reports it; the metrics-engine stores it as time series. */
export const StoreSnapshot = published(
  "store-snapshot",
  "1.1.1",
  Type.Object({
    at: Timestamp,
    queues: Type.Array(QueueState),
    workers: Type.Array(WorkerState),
    deadLetters: Count,
    outbox: Count,
  }),
);
export type StoreSnapshot = Static<typeof StoreSnapshot>;

/** The latest snapshot as it is stored and shown: the state of the job store and the bus. */
export const Snapshot = published(
  "snapshot",
  "1.2.1",
  Type.Intersect([StoreSnapshot, Type.Object({ bus: Type.Array(BusQueueState) })]),
);
export type Snapshot = Static<typeof Snapshot>;

export const QueuesReply = published(
  "queues",
  "1.2.1",
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
  "1.0.1",
  Type.Object({
    items: Type.Array(Alert),
    source: StringEnum(["alertmanager", "none"], {
      description: "Where the alerts come from; none means that no Alertmanager is configured",
    }),
    fetchedAt: Type.Union([Timestamp, Type.Null()]),
  }),
);
export type AlertsReply = Static<typeof AlertsReply>;

const LedgerIds = Type.Object({
  count: Count,
  ids: Type.Array(Uuid, { description: "The ids of the first 100 of these jobs" }),
});

/**
 * The ledger balances the jobs accepted before a point in time, the watermark. These are the values of `settleMs` that
 * a request may choose: how far the watermark is held behind the present. With so few choices, concurrent callers can
 * often share a computation.
 */
export const SETTLE_TIMES_MS = [0, 1_000, 5_000, 30_000, 60_000] as const;
export type SettleMs = (typeof SETTLE_TIMES_MS)[number];

/**
 * One thing that the ledger waits for: a cause that holds the watermark back, sealed spans to judge again, a silent worker
 * that holds jobs, or unfinished jobs.
 */
export const Waiting = Type.Object({
  what: StringEnum(["ledger", "outbox", "worker", "queue", "snapshot", "event-store", "job-store", "jobs"]),
  name: Type.Optional(Type.String({ description: "The name of the worker or the queue" })),
  since: Type.Union([Timestamp, Type.Null()], {
    description:
      "The point in time that the cause has reached, such as a worker's last heartbeat or a queue's newest consumed message; null if there is none",
  }),
  message: Type.String(),
});
export type Waiting = Static<typeof Waiting>;

/**
 * The balance, by id, of the jobs accepted before the watermark, a point in time. When `balanced`, accepted = completed
 * + failed + cancelled + rejected + inFlight + deadLettered, and `lost`, `unobserved` and `duplicated` are 0.
 */
export const Ledger = published(
  "ledger",
  "1.3.4",
  Type.Object({
    watermark: Timestamp,
    settleMs: Type.Optional(Count),
    behindMs: Type.Optional(
      Type.Number({
        minimum: 0,
        description: "How many milliseconds the watermark is behind the present, including `settleMs`",
      }),
    ),
    waitingFor: Type.Optional(
      Type.Array(Waiting, {
        description:
          "What the ledger waits for: causes that hold the watermark back, sealed spans to judge again, silent workers that hold jobs, and unfinished jobs",
      }),
    ),
    from: Type.Union([Timestamp, Type.Null()], {
      description:
        "When the ledger first checked the jobs created before this time, the event store had already deleted their events, so these jobs are counted from the job store alone; null if there are no such jobs",
    }),
    sealedUntil: Type.Optional(
      Type.Union([Timestamp, Type.Null()], {
        description:
          "The ledger divides past time into spans and seals each one: it judges the jobs of the span and stores the result. This is the end of the newest sealed span; null if nothing is sealed yet",
      }),
    ),
    reopened: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: "The number of sealed spans that changed and will be judged again soon",
      }),
    ),
    accepted: Count,
    completed: Count,
    failed: Count,
    cancelled: Count,
    rejected: Count,
    inFlight: Count,
    deadLettered: Type.Integer({
      minimum: 0,
      description: "The number of jobs that exist only as a dead letter, whether or not it has been handled",
    }),
    pruned: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          "The number of jobs in these sums whose rows have since been deleted by retention or a purge",
      }),
    ),
    deadLetters: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          "The number of dead letters, for jobs or messages, that have been neither replayed nor dropped, as in `/queues` and `/overview`",
      }),
    ),
    /** Accepted jobs that exist only as a dead letter, which has not been dropped. */
    onlyDeadLetters: Type.Optional(LedgerIds),
    lost: LedgerIds,
    unobserved: LedgerIds,
    duplicated: LedgerIds,
    balanced: Type.Boolean(),
    settled: Type.Boolean({
      description:
        "Whether every job has ended, nothing has happened since the watermark, and no sealed span is waiting to be judged again",
    }),
  }),
);
export type Ledger = Static<typeof Ledger>;

/**
 * An audit of all sealed spans of time: each is judged again from both stores, or from the job store alone if its
 * events have been deleted.
 */
export const LedgerAudit = published(
  "ledger-audit",
  "1.0.2",
  Type.Object({
    id: Uuid,
    state: StringEnum(["running", "done"]),
    requestedAt: Timestamp,
    finishedAt: Type.Optional(Timestamp),
    until: Type.Union([Timestamp, Type.Null()], {
      description: "The end of the sealed time when the audit began; null if nothing was sealed",
    }),
    seals: Type.Integer({
      minimum: 0,
      description: "The number of sealed spans up to `until`. Adjacent spans may merge while the audit runs",
    }),
    checked: Type.Integer({
      minimum: 0,
      description: "The number of these spans that the audit has judged again",
    }),
    lost: Count,
    unobserved: Count,
    duplicated: Count,
  }),
);
export type LedgerAudit = Static<typeof LedgerAudit>;

/** How long one kind of record is kept. */
const RetentionRule = Type.Object({
  what: StringEnum(["jobs", "failed-jobs", "dead-letters", "events"]),
  description: Type.String(),
  setting: Type.String({ description: "The environment variable that sets how long such records are kept" }),
  keepHours: Count,
  keptFrom: Timestamp,
  oldest: Type.Optional(
    Type.Union([Timestamp, Type.Null()], {
      description: "When the oldest record that is still kept was created",
    }),
  ),
  pruned: Type.Optional(
    Type.Integer({ minimum: 0, description: "The number of records that retention has deleted so far" }),
  ),
  lookedAt: Type.Optional(Type.Union([Timestamp, Type.Null()])),
  waiting: Type.Optional(Type.String({ description: "Why records that are due are not being deleted" })),
});

export const Retention = published(
  "retention",
  "1.0.1",
  Type.Object({
    at: Timestamp,
    rules: Type.Array(RetentionRule),
    remembered: Type.Object({
      jobs: Type.Integer({
        minimum: 0,
        description: "The approximate number of deleted jobs for which requests still return 410",
      }),
      since: Type.Union([Timestamp, Type.Null()]),
    }),
  }),
);
export type Retention = Static<typeof Retention>;

/** A metric over time, with one point per `stepMs`, oldest first; missing points are null. */
export const SeriesReply = published(
  "series",
  "1.0.1",
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
  "1.2.1",
  Type.Object({
    at: Timestamp,
    version: Type.String(),
    engines: StringEnum(["full", "embedded"]),
    capabilities: Type.Record(Type.String(), Type.Boolean(), {
      description: "The features beyond the core, and whether this installation has each of them",
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

/** One change on the live feed, with enough data to redraw a row without another request. */
export const Delta = published(
  "delta",
  "1.0.1",
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

/** The `data` of one server-sent event on `/stream`: a batch of deltas, or the number of firing alerts. */
export const StreamMessage = published(
  "stream-message",
  "1.0.0",
  Type.Union([
    Type.Object({ kind: Type.Literal("deltas"), deltas: Type.Array(Delta), dropped: Count }),
    Type.Object({ kind: Type.Literal("alerts"), firing: Count }),
  ]),
);
export type StreamMessage = Static<typeof StreamMessage>;
