import type { Static } from "@sinclair/typebox";
import { READ_MODEL_ROUTES } from "../../contracts/routes.ts";
import { createCheck, createQueryReader, readId, readJson } from "../../shared/http/read-request.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import type { Alerts } from "./alerts.ts";
import type { createDeadLetterQueries } from "./dead-letter-queries.ts";
import type { JobDetails } from "./job-detail.ts";
import type { JobQueries } from "./job-queries.ts";
import type { LedgerBook } from "./ledger.ts";
import { createListReader } from "./list-reader.ts";
import { type OverviewParts, readOverview } from "./overview.ts";
import type { QueueQueries } from "./queue-queries.ts";
import { runbookPage, withRunbooks } from "./runbooks.ts";
import { readStats } from "./stats.ts";
import type { Stream } from "./stream.ts";
import { unlessAway } from "./unless-away.ts";
import type { WorkerQueries } from "./worker-queries.ts";

export interface HandlerParts {
  readonly jobs: JobQueries;
  readonly details: JobDetails;
  readonly deadLetters: ReturnType<typeof createDeadLetterQueries>;
  readonly queues: QueueQueries;
  readonly workers: WorkerQueries;
  readonly observations: ObservationReader;
  readonly alerts: Alerts;
  readonly ledger: LedgerBook;
  readonly stream: Stream;
  readonly overview: OverviewParts;
  readonly checkWebhook: (authorization: string | null) => void;
  readonly now: () => Date;
}

/** One request, as a handler sees it. */
export interface Call {
  readonly request: Request;
  readonly params: Readonly<Record<string, string>>;
}

type Routes = typeof READ_MODEL_ROUTES;
type ReplyOf<K extends keyof Routes> = K extends "stream"
  ? ReadableStream<Uint8Array>
  : Static<Routes[K]["reply"]["schema"]>;
export type Handlers = { readonly [K in keyof Routes]: (call: Call) => Promise<ReplyOf<K>> };

const MAX_WEBHOOK_BYTES = 1_048_576;
// The table has these defaults too; the compiler does not see that they are filled in.
const PAGE = 50;
const SETTLE_MS = 5_000;
const MINUTES = 60;

/** What each route of the table answers; the compiler sees that none is missing and that each reply fits its schema. */
export function createHandlers(parts: HandlerParts): Handlers {
  const { jobs, details, deadLetters, queues, workers, observations, alerts, ledger, stream, now } = parts;
  const lists = { now, storedTypes: jobs.types };
  const readJobs = createListReader({ ...lists, route: READ_MODEL_ROUTES.listJobs, language: "jobs" });
  const readRecent = createQueryReader(READ_MODEL_ROUTES.recentJobs);
  const readEvents = createQueryReader(READ_MODEL_ROUTES.listEvents);
  const readDeadLetters = createListReader({
    ...lists,
    route: READ_MODEL_ROUTES.listDeadLetters,
    language: "deadLetters",
  });
  const readLedger = createQueryReader(READ_MODEL_ROUTES.ledger);
  const readSeries = createQueryReader(READ_MODEL_ROUTES.series);
  const checkWebhookBody = createCheck(
    READ_MODEL_ROUTES.alertWebhook.body.schema,
    "VALIDATION_FAILED",
    "The webhook",
  );
  const urlOf = ({ request }: Call) => new URL(request.url);
  const idOf = ({ params }: Call) => readId(params.id ?? "");

  return {
    overview: () => readOverview(parts.overview),
    stats: () => readStats(queues, observations),
    listJobs: async (call) => jobs.list(await readJobs(urlOf(call))),
    recentJobs: async (call) => jobs.list({ limit: readRecent(urlOf(call)).limit ?? PAGE, filter: {} }),
    jobDetail: async (call) => details.detail(idOf(call)),
    jobTimeline: async (call) => details.timeline(idOf(call)),
    async listEvents(call) {
      const { limit = PAGE, ...query } = readEvents(urlOf(call));
      const page = await observations.events({ ...query, limit });
      return { items: [...page.items], nextCursor: page.nextCursor };
    },
    listDeadLetters: async (call) => deadLetters.list(await readDeadLetters(urlOf(call))),
    deadLetter: async (call) => deadLetters.get(idOf(call)),
    queues: () => queues.all(),
    workers: async () => ({ workers: await workers.all() }),
    alerts: async (call) => withRunbooks(await alerts.current(), urlOf(call).origin),
    runbook: async ({ params }) => runbookPage(params.name ?? ""),
    ledger: async (call) => ledger.compute(readLedger(urlOf(call)).settleMs ?? SETTLE_MS),
    async series(call) {
      const { minutes = MINUTES, ...query } = readSeries(urlOf(call));
      return observations.series({ ...query, minutes, now: now() });
    },
    stream: ({ request }) => stream.open(request.headers.get("last-event-id")),
    async alertWebhook({ request }) {
      parts.checkWebhook(request.headers.get("authorization"));
      checkWebhookBody(await readJson(request, MAX_WEBHOOK_BYTES));
      // Alertmanager would send the same again on an error, and has nothing better to say then.
      const answer = await unlessAway(alerts.refresh());
      return { refreshed: alerts.configured && answer.away === undefined };
    },
  };
}
