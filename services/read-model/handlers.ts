import type { Static } from "@sinclair/typebox";
import type { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import type { Handlers } from "../../shared/http/mount.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import type { Alerts } from "./alerts.ts";
import type { createDeadLetterQueries } from "./dead-letter-queries.ts";
import { createFilterReader } from "./filter-reader.ts";
import type { JobDetails } from "./job-detail.ts";
import type { JobQueries } from "./job-queries.ts";
import type { LedgerBook } from "./ledger.ts";
import type { LedgerAudits } from "./ledger-audit.ts";
import { type OverviewParts, readOverview } from "./overview.ts";
import type { QueueQueries } from "./queue-queries.ts";
import { runbookPage, withRunbooks } from "./runbooks.ts";
import { readStats } from "./stats.ts";
import type { Stream } from "./stream.ts";
import { unlessUnavailable } from "./unless-unavailable.ts";
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
  readonly audits: LedgerAudits;
  readonly retention: () => Promise<RetentionReply>;
  readonly stream: Stream;
  readonly overview: OverviewParts;
  readonly checkWebhook: (authorization: string | null) => void;
  readonly now: () => Date;
}

type RetentionReply = Static<(typeof READ_MODEL_ROUTES)["retention"]["reply"]["schema"]>;

export function createHandlers(parts: HandlerParts): Handlers<typeof READ_MODEL_ROUTES> {
  const { jobs, details, deadLetters, queues, workers, observations, alerts, ledger, stream, now } = parts;
  const readJobFilter = createFilterReader({ language: "jobs", now, storedTypes: jobs.types });
  const readLetterFilter = createFilterReader({ language: "deadLetters", now, storedTypes: jobs.types });

  return {
    overview: ({ request }) => readOverview(parts.overview, request.signal),
    stats: ({ request }) => readStats(queues, observations, request.signal),
    listJobs: async ({ request, query }) => jobs.list({ ...query, filter: await readJobFilter(request.url) }),
    recentJobs: ({ query }) => jobs.list({ ...query, filter: {} }),
    jobDetail: ({ params }) => details.detail(params.id),
    jobTimeline: ({ params }) => details.timeline(params.id),
    async listEvents({ query }) {
      const { items, nextCursor } = await observations.events(query);
      return { items: [...items], nextCursor };
    },
    listDeadLetters: async ({ request, query }) =>
      deadLetters.list({ ...query, filter: await readLetterFilter(request.url) }),
    deadLetter: ({ params }) => deadLetters.get(params.id),
    queues: ({ request }) => queues.all(request.signal),
    workers: async ({ request }) => ({ workers: await workers.all(request.signal) }),
    alerts: async ({ request }) => withRunbooks(await alerts.current(), new URL(request.url).origin),
    runbook: ({ params }) => runbookPage(params.name),
    ledger: ({ query }) => ledger.compute(query.settleMs),
    retention: () => parts.retention(),
    auditLedger: () => parts.audits.begin(),
    ledgerAudit: ({ params }) => parts.audits.find(params.id),
    series: ({ query }) => observations.series({ ...query, now: now() }),
    stream: ({ request }) => stream.open(request.headers.get("last-event-id")),
    async alertWebhook({ request, body }) {
      parts.checkWebhook(request.headers.get("authorization"));
      await body();
      // If the refresh fails, the reply is still 200: an error would only make Alertmanager resend the same
      // notification.
      const answer = await unlessUnavailable(alerts.refresh());
      return { refreshed: alerts.configured && answer.unavailable === undefined };
    },
  };
}
