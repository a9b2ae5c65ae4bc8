import { type Static, type TSchema, Type } from "@sinclair/typebox";
import {
  ActionReply,
  DeadLetterActionReply,
  JobState,
  PauseReply,
  ReplayReply,
} from "../../contracts/api-commands.ts";
import {
  AlertsReply,
  DeadLetterPage,
  Delta,
  EventPage,
  JobDetail,
  JobPage,
  Ledger,
  QueuesReply,
  Retention,
  WorkersReply,
} from "../../contracts/api-queries.ts";
import { DeadLetter } from "../../contracts/dead-letter.ts";
import { JobStatus } from "../../contracts/job.ts";
import { Problem } from "../../contracts/problem.ts";
import { Count, Millis, StringEnum, Uuid } from "../../contracts/schema.ts";

/** The line that a failing command with `--output json` writes to stderr. */
export const Failure = Type.Object({
  error: Type.Object({
    code: Type.String({
      description: "A code from contracts/exported/problem-codes.json, or a code that only this program uses",
    }),
    message: Type.String(),
    remedy: Type.String(),
    correlationId: Type.Optional(
      Type.String({ description: "Identifies the request in the services' logs" }),
    ),
  }),
});
export type Failure = Static<typeof Failure>;

export const SubmitReport = Type.Object({
  accepted: Count,
  refused: Count,
  jobs: Type.Array(
    Type.Object({
      jobId: Uuid,
      eventId: Uuid,
      status: Type.Optional({ ...JobStatus, description: "With --wait: the job's final status" }),
    }),
  ),
  problems: Type.Array(Problem, { description: "One problem for each refused job of a batch" }),
});
export type SubmitReport = Static<typeof SubmitReport>;

export const ActionResult = Type.Union([JobState, Type.Intersect([Type.Object({ jobId: Uuid }), Failure])]);
export type ActionResult = Static<typeof ActionResult>;

export const ActionReport = Type.Object({
  action: StringEnum(["retry", "cancel"]),
  results: Type.Array(ActionResult, {
    description: "One result for each id, in the order in which the ids were given",
  }),
});
export type ActionReport = Static<typeof ActionReport>;

export const ReplayReport = Type.Object({ results: Type.Array(ReplayReply) });
export type ReplayReport = Static<typeof ReplayReport>;

export const DropReport = Type.Object({ dryRun: Type.Boolean(), dropped: Type.Array(Uuid) });
export type DropReport = Static<typeof DropReport>;

export const PauseReport = Type.Object({ results: Type.Array(PauseReply) });
export type PauseReport = Static<typeof PauseReport>;

const MillisOrNull = Type.Union([Millis, Type.Null()]);
export const Latency = Type.Object({
  count: Count,
  p50: MillisOrNull,
  p95: MillisOrNull,
  p99: MillisOrNull,
  max: MillisOrNull,
});
export type Latency = Static<typeof Latency>;

export const LedgerCheck = Type.Object({
  balanced: Type.Boolean({
    description: "Whether the ledger balances for all jobs accepted before its watermark",
  }),
  accused: Type.Array(Uuid, {
    description: "Accepted ids that are lost, unobserved, duplicated or unfinished; at most 100",
  }),
  lost: Count,
  unobserved: Count,
  duplicated: Count,
});
export type LedgerCheck = Static<typeof LedgerCheck>;

export const LoadReport = Type.Object({
  type: Type.String(),
  ratePerSecond: Type.Number({ description: "As requested" }),
  sentPerSecond: Type.Number({ description: "As achieved" }),
  sent: Count,
  accepted: Count,
  refused: Type.Record(Type.String(), Count, { description: "Refused and unanswered requests by code" }),
  ended: Type.Record(Type.String(), Count, { description: "Accepted jobs by final status" }),
  open: { ...Count, description: "Accepted jobs that had not ended a minute after the last request" },
  accept: { ...Latency, description: "Milliseconds from a request's due time to its 202" },
  total: {
    ...Latency,
    description: "Milliseconds from a request's due time to the job's end on the live stream",
  },
  ledger: Type.Optional({ ...LedgerCheck, description: "Absent when the load was interrupted" }),
});
export type LoadReport = Static<typeof LoadReport>;

export const DoctorReport = Type.Object({
  ok: Type.Boolean({ description: "Whether no check failed" }),
  checks: Type.Array(
    Type.Object({
      id: Type.String({ description: "A stable identifier, such as `memory` or `port-3000`" }),
      name: Type.String(),
      status: StringEnum(["OK", "WARN", "FAIL"]),
      detail: Type.String(),
      remedy: Type.Optional(Type.String({ description: "The command to run or the step to take" })),
    }),
  ),
});
export type DoctorReport = Static<typeof DoctorReport>;

export const StatusReport = Type.Object({
  running: Type.Boolean({
    description: "Whether any service is ready, or a system is running or starting from this folder",
  }),
  engines: Type.Union([StringEnum(["embedded", "full"]), Type.Null()]),
  version: Type.Union([Type.String(), Type.Null()]),
  owner: Type.Union([Type.Object({ pid: Type.Integer(), since: Type.String() }), Type.Null()], {
    description: "The process that runs the system from this folder; null when it runs elsewhere",
  }),
  services: Type.Array(
    Type.Object({ name: Type.String(), url: Type.String(), ready: Type.Boolean(), detail: Type.String() }),
  ),
  addresses: Type.Array(Type.Object({ name: Type.String(), address: Type.String(), purpose: Type.String() })),
});
export type StatusReport = Static<typeof StatusReport>;

export const ClusterReport = Type.Object({
  running: Type.Boolean({ description: "Whether the cluster has pods and all of them are ready" }),
  pods: Type.Array(
    Type.Object({
      name: Type.String(),
      part: Type.String({ description: "A name from contracts/exported/services.json" }),
      node: Type.Union([Type.String(), Type.Null()]),
      ready: Type.Boolean(),
      restarts: Count,
      detail: Type.String({ description: "Why the pod does not run, or its phase" }),
    }),
  ),
});
export type ClusterReport = Static<typeof ClusterReport>;

/** The output of each command with `--output json`. `docs/command-line.md` prints these schemas. */
export const CLI_OUTPUTS = {
  submit: SubmitReport,
  jobs: JobPage,
  job: JobDetail,
  events: EventPage,
  "events --follow": Delta,
  "retry, cancel": ActionReport,
  "retry, cancel --filter": ActionReply,
  purge: ActionReply,
  "dead-letters list": DeadLetterPage,
  "dead-letters show": DeadLetter,
  "dead-letters replay": ReplayReport,
  "dead-letters drop": DropReport,
  "dead-letters replay, drop --filter": DeadLetterActionReply,
  "queues list": QueuesReply,
  "queues pause, resume": PauseReport,
  workers: WorkersReply,
  alerts: AlertsReply,
  ledger: Ledger,
  retention: Retention,
  load: LoadReport,
  doctor: DoctorReport,
  status: StatusReport,
  "status --tier kind": ClusterReport,
  "every command that fails": Failure,
} as const satisfies Readonly<Record<string, TSchema>>;
