import type { TSchema } from "@sinclair/typebox";
import { Alert, AlertWebhook } from "./alert.ts";
import {
  Acceptance,
  ActionReply,
  ActionRequest,
  BatchAcceptance,
  BatchRequest,
  DeadLetterActionReply,
  DeadLetterActionRequest,
  JobRequest,
  JobState,
  JobTypesReply,
  PauseReply,
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
  Overview,
  QueueState,
  QueuesReply,
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
import { ServiceCatalogue } from "./service-catalogue.ts";
import { Topology } from "./topology.ts";
import { UiRegistry } from "./ui-registry.ts";

const SPINE = [EventEnvelope, ...Object.values(EVENT_SCHEMAS), RefusedMessage, Topology];
const THINGS = [
  Job,
  JobSummary,
  JobTypeInfo,
  Attempt,
  Transition,
  DeadLetter,
  Alert,
  Problem,
  UiRegistry,
  ServiceCatalogue,
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
  DeadLetterActionRequest,
  DeadLetterActionReply,
  ReplayRequest,
  ReplayReply,
  PauseReply,
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
  SeriesReply,
  Overview,
  Delta,
  StreamMessage,
];

/** Every schema that is published from this folder, by name. Payloads of job types are published beside them. */
export const CATALOGUE: readonly PublishedSchema[] = inOrder(
  ([...SPINE, ...THINGS, ...COMMANDS, ...QUERIES, ...TERMINAL] as TSchema[]).map(publication),
);

/** Published schemas in the order of their names. */
export function inOrder(schemas: readonly PublishedSchema[]): PublishedSchema[] {
  return [...schemas].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A published schema as a JSON Schema document (draft 2020-12) that refers to others by their `$id`. */
export function schemaDocument({ name, version, schema }: PublishedSchema): Record<string, unknown> {
  const { $id: _id, $version: _version, ...rules } = withReferences(schema, schemaId);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: schemaId(name),
    $version: version,
    ...rules,
  };
}
