import { READ_MODEL_ROUTES } from "../../contracts/routes.ts";
import { createDocs } from "../../shared/http/docs.ts";
import { createEdge } from "../../shared/http/edge.ts";
import { createOps } from "../../shared/http/ops.ts";
import { openObservations } from "../../shared/observations/open.ts";
import type { ServiceContext } from "../../shared/service.ts";
import { createAlerts } from "./alerts.ts";
import { createApp } from "./app.ts";
import { capabilitiesOf, enginesOf } from "./capabilities.ts";
import type { Config } from "./config.ts";
import { createDeadLetterQueries } from "./dead-letter-queries.ts";
import { engineChecks } from "./engine-checks.ts";
import { createHandlers } from "./handlers.ts";
import { createJobDetail } from "./job-detail.ts";
import { createJobQueries } from "./job-queries.ts";
import { createJobStore } from "./job-store.ts";
import { createLedger } from "./ledger.ts";
import { registerLedgerGauge } from "./ledger-gauge.ts";
import { createLedgerQueries } from "./ledger-queries.ts";
import { createQueueQueries } from "./queue-queries.ts";
import { createStream } from "./stream.ts";
import { createWebhookAccess } from "./webhook-access.ts";
import { createWorkerQueries } from "./worker-queries.ts";

const HOUR_MS = 3_600_000;
const LINKS = {
  "/docs": "Its routes, to read and to try",
  "/openapi.json": "The same for programs",
  "/overview": "Everything at a glance",
  "/jobs": "Jobs, newest first",
  "/dead-letters": "What could not be processed",
  "/ledger": "The proof that nothing is lost",
};

/** Open the stores and wire everything. Answers at once, with problems that name the engines which are away. */
export function createReadModel({ service, version, config, log, life, metrics }: ServiceContext<Config>) {
  const now = () => new Date();
  const store = createJobStore({ url: config.DATABASE_URL });
  life.defer("job store", store.close);
  // Apart, so that its long statements take no connection from those who look at a page.
  const ledgerStore = createJobStore({
    url: config.DATABASE_URL,
    maxConnections: 2,
    statementMs: 60_000,
  });
  life.defer("job store of the ledger", ledgerStore.close);
  const observations = openObservations({ eventsUrl: config.EVENTS_URL, cacheUrl: config.CACHE_URL, log });
  life.defer("observations", observations.close);

  const stream = createStream({ observations, log, metrics, stopping: life.stopping });
  life.defer("stream", stream.ended);
  const alerts = createAlerts({ url: config.ALERTMANAGER_URL, now, onChange: stream.announceAlerts });
  const watching = alerts.watch(() => stream.clients > 0, life.stopping);
  life.defer("alerts", () => watching);
  const seconds = metrics.histogram("ledger_duration_seconds", "Time to compute the ledger");
  const ledger = createLedger({
    queries: createLedgerQueries(ledgerStore),
    observations,
    retentionMs: config.EVENT_RETENTION_HOURS * HOUR_MS,
    now,
    signal: life.abort,
    onComputed: (took) => seconds.observe(took),
  });
  registerLedgerGauge(metrics, { ledger, log, stopping: life.stopping });

  const jobs = createJobQueries(store);
  const queues = createQueueQueries(store, observations, config.LEASE_MS);
  const workers = createWorkerQueries(store, config.LEASE_MS);
  const engines = enginesOf(config.EVENTS_URL);
  const deadLetters = createDeadLetterQueries(store);
  const handlers = createHandlers({
    jobs,
    details: createJobDetail(jobs, deadLetters, observations),
    deadLetters,
    ...{ queues, workers, observations, alerts, ledger, stream, now },
    overview: {
      ...{ store, queues, workers, observations, alerts, version, engines, now },
      capabilities: capabilitiesOf(engines, {
        prometheus: config.PROMETHEUS_URL !== undefined,
        alertmanager: alerts.configured,
      }),
    },
    checkWebhook: createWebhookAccess({
      token: config.ALERT_WEBHOOK_TOKEN,
      tokenFile: config.ALERT_WEBHOOK_TOKEN_FILE,
      bindAddress: config.BIND_ADDRESS,
    }),
  });

  return createApp({
    edge: createEdge({
      log,
      metrics,
      bindAddress: config.BIND_ADDRESS,
      allowedOrigins: config.ALLOWED_ORIGINS,
    }),
    ops: createOps({
      service,
      version,
      metrics,
      engines: engineChecks(store, observations, engines),
      duties: { feed: stream.whyStuck },
      links: LINKS,
      stopping: life.stopping,
    }),
    docs: createDocs({
      title: "Task Observatory read model",
      version,
      description: "Ask about jobs, events, queues, workers and the balance of it all",
      routes: READ_MODEL_ROUTES,
    }),
    handlers,
  });
}
