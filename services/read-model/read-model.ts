import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import { createDuty } from "../../shared/duty.ts";
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
import { createJobDatabase } from "./job-database.ts";
import { createJobDetail } from "./job-detail.ts";
import { createJobQueries } from "./job-queries.ts";
import { createLedger } from "./ledger.ts";
import { createLedgerAudit } from "./ledger-audit.ts";
import { createBounds } from "./ledger-bounds.ts";
import { registerLedgerGauge } from "./ledger-gauge.ts";
import { createLedgerKeeper } from "./ledger-keeper.ts";
import { createLedgerQueries } from "./ledger-queries.ts";
import { createLedgerSeals } from "./ledger-seals.ts";
import { createQueueQueries } from "./queue-queries.ts";
import { createRetentionQueries } from "./retention-queries.ts";
import { createStream } from "./stream.ts";
import { createWebhookAccess } from "./webhook-access.ts";
import { createWorkerQueries } from "./worker-queries.ts";

const HOUR_MS = 3_600_000;
/**
 * Sealing, which stores the ledger's counts for past spans of time, counts as stuck after this long without progress.
 * The limit is generous, because at the system's start sealing waits until the engines have started and a processor has
 * created the tables.
 */
const SEALING_STUCK_MS = 300_000;
const LINKS = {
  "/docs": "API reference, with requests to try out",
  "/openapi.json": "OpenAPI document for programs",
  "/overview": "Summary of the whole system",
  "/jobs": "Jobs, newest first",
  "/dead-letters": "Messages and jobs that could not be processed",
  "/ledger": "Whether every accepted job is accounted for",
};

/**
 * Opens the stores and wires up the service. Routes answer immediately; while an engine is unavailable, they reply with
 * a problem that names it.
 */
export function createReadModel({ service, version, config, log, life, metrics }: ServiceContext<Config>) {
  const now = () => new Date();
  const store = createJobDatabase({ url: config.DATABASE_URL });
  life.defer("job store", store.close);
  // A separate pool, because the ledger's long statements must not take connections from page requests. Sequential
  // scans are off, because the ledger reads few rows of large tables, each through an index.
  const ledgerStore = createJobDatabase({
    url: config.DATABASE_URL,
    maxConnections: 2,
    statementMs: 60_000,
    settings: { enable_seqscan: "off" },
  });
  life.defer("ledger job store", ledgerStore.close);
  const sealStore = createJobDatabase({
    url: config.DATABASE_URL,
    name: "ledger",
    writes: true,
    maxConnections: 2,
  });
  life.defer("ledger seals", sealStore.close);
  const observations = openObservations({ eventsUrl: config.EVENTS_URL, cacheUrl: config.CACHE_URL, log });
  life.defer("observations", observations.close);

  const stream = createStream({ observations, log, metrics, stopping: life.stopping });
  life.defer("stream", stream.ended);
  const alerts = createAlerts({ url: config.ALERTMANAGER_URL, now, onChange: stream.announceAlerts });
  const watching = alerts.watch(() => stream.clients > 0, life.stopping);
  life.defer("alerts", () => watching);
  const seconds = metrics.histogram("observatory_ledger_duration_seconds", "Time to compute the ledger");
  const queries = createLedgerQueries(ledgerStore);
  const seals = createLedgerSeals(sealStore);
  const bounds = createBounds({
    queries,
    observations,
    now,
    retentionMs: config.EVENT_RETENTION_HOURS * HOUR_MS,
  });
  const keeper = createLedgerKeeper({ queries, observations, seals, bounds, signal: life.abort });
  const ledger = createLedger({
    queries,
    observations,
    seals,
    keeper,
    bounds,
    signal: life.abort,
    onComputed: (took) => seconds.observe(took),
  });
  const sealing = createDuty("Sealing the ledger", SEALING_STUCK_MS);
  const keeping = keeper.run({ log, duty: sealing }, life.stopping);
  life.defer("ledger", () => keeping);
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
    queues,
    workers,
    observations,
    alerts,
    ledger,
    stream,
    now,
    audits: createLedgerAudit(seals),
    retention: createRetentionQueries(store, config.EVENT_RETENTION_HOURS, now),
    overview: {
      store,
      queues,
      workers,
      observations,
      alerts,
      version,
      engines,
      now,
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
      duties: { feed: stream.whyStuck, sealing: sealing.whyStuck },
      links: LINKS,
      stopping: life.stopping,
    }),
    docs: createDocs({
      title: "Task Observatory read model",
      version,
      description: "Query jobs, events, queues, workers and the ledger of accepted jobs",
      routes: READ_MODEL_ROUTES,
    }),
    handlers,
  });
}
