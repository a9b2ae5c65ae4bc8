import type { TSchema } from "@sinclair/typebox";
import { Alert, AlertWebhook } from "./alert.ts";
import {
  Acceptance,
  ActionReply,
  ActionRequest,
  BatchAcceptance,
  BatchRequest,
  CountCheck,
  DeadLetterActionReply,
  DeadLetterActionRequest,
  JobRequest,
  JobState,
  JobTypesReply,
  PauseReply,
  PurgeRequest,
  ReplayReply,
  ReplayRequest,
} from "./api-commands.ts";
import {
  AlertsReply,
  DeadLetterPage,
  Delta,
  EventPage,
  JobDetail,
  JobPage,
  Ledger,
  LedgerAudit,
  Overview,
  QueueState,
  QueuesReply,
  Retention,
  SeriesReply,
  Snapshot,
  Stats,
  StoreSnapshot,
  StreamMessage,
  Timeline,
  WorkerState,
  WorkersReply,
} from "./api-queries.ts";
import { DeadLetter, RefusedMessage } from "./dead-letter.ts";
import { EventEnvelope } from "./envelope.ts";
import { EVENT_SCHEMAS } from "./events.ts";
import { Attempt, Job, JobSummary, Transition } from "./job.ts";
import { JobTypeInfo } from "./job-type.ts";
import { Problem } from "./problem.ts";
import { PtyClientMessage, PtyServerMessage } from "./pty.ts";
import { withReferences } from "./references.ts";
import { type PublishedSchema, publication, schemaId } from "./schema.ts";
import { ServiceCatalog } from "./service-schema.ts";
import { Topology } from "./topology.ts";
import { UiRegistry } from "./ui-registry.ts";

const MESSAGES = [EventEnvelope, ...Object.values(EVENT_SCHEMAS), RefusedMessage, Topology];
const RECORDS = [
  Job,
  JobSummary,
  JobTypeInfo,
  Attempt,
  Transition,
  DeadLetter,
  Alert,
  Problem,
  UiRegistry,
  ServiceCatalog,
];
const TERMINAL = [PtyClientMessage, PtyServerMessage];
const COMMANDS = [
  JobRequest,
  Acceptance,
  BatchRequest,
  BatchAcceptance,
  JobState,
  ActionRequest,
  ActionReply,
  PurgeRequest,
  DeadLetterActionRequest,
  DeadLetterActionReply,
  ReplayRequest,
  ReplayReply,
  PauseReply,
  CountCheck,
  JobTypesReply,
];
const QUERIES = [
  JobPage,
  JobDetail,
  Timeline,
  EventPage,
  DeadLetterPage,
  Stats,
  QueueState,
  QueuesReply,
  WorkerState,
  WorkersReply,
  StoreSnapshot,
  Snapshot,
  AlertsReply,
  AlertWebhook,
  Ledger,
  LedgerAudit,
  Retention,
  SeriesReply,
  Overview,
  Delta,
  StreamMessage,
];

/** Every schema published from this folder, sorted by name. Job types publish their payload schemas separately. */
export const CATALOG: readonly PublishedSchema[] = inOrder(
  ([...MESSAGES, ...RECORDS, ...COMMANDS, ...QUERIES, ...TERMINAL] as TSchema[]).map(publication),
);

/** Sorts published schemas by name. */
export function inOrder(schemas: readonly PublishedSchema[]): PublishedSchema[] {
  return [...schemas].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Writes a published schema as a JSON Schema document (draft 2020-12) that refers to others by their `$id`. */
export function schemaDocument({ name, version, schema }: PublishedSchema): Record<string, unknown> {
  const { $id: _id, $version: _version, ...rules } = withReferences(schema, schemaId);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaId(name),
    $version: version,
    ...rules,
  };
}
