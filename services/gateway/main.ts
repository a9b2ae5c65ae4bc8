import { GATEWAY_ROUTES } from "../../contracts/gateway-routes.ts";
import { openBus } from "../../shared/bus/open.ts";
import { createDocs } from "../../shared/http/docs.ts";
import { createEdge } from "../../shared/http/edge.ts";
import { listen } from "../../shared/http/listen.ts";
import { createOps } from "../../shared/http/ops.ts";
import { createReplicas } from "../../shared/replicas.ts";
import { runService, type ServiceContext } from "../../shared/service.ts";
import { createApp } from "./app.ts";
import { createCommandForwarder } from "./commands.ts";
import { Config } from "./config.ts";
import { createSubmitter } from "./submit-job.ts";
import versionText from "./VERSION" with { type: "text" };

const LINKS = {
  "/docs": "API reference, with requests to try out",
  "/openapi.json": "OpenAPI document for programs",
  "/job-types": "The job types, each with an example",
};

async function start({
  service,
  version,
  instanceId,
  config,
  log,
  life,
  metrics,
  makeEvent,
  tracing,
}: ServiceContext<Config>): Promise<void> {
  const bus = openBus({ url: config.BUS_URL, name: instanceId, log, metrics });
  life.defer("bus", bus.close);
  const submitter = createSubmitter({
    bus,
    makeEvent,
    tracing,
    maxPayloadBytes: config.MAX_PAYLOAD_BYTES,
    maxInFlight: config.MAX_IN_FLIGHT,
  });
  life.defer("jobs in flight", submitter.idle);
  metrics.gauge("observatory_gateway_in_flight", "Jobs awaiting a publisher confirm", [], (gauge) =>
    gauge.set(submitter.inFlight),
  );

  const app = createApp({
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
      engines: { bus: bus.ping },
      links: LINKS,
      stopping: life.stopping,
    }),
    docs: createDocs({
      title: "Task Observatory gateway",
      version,
      description: "Submit and control jobs",
      routes: GATEWAY_ROUTES,
    }),
    submitter,
    forward: createCommandForwarder({ processors: createReplicas(config.PROCESSOR_URL.split(",")) }),
    maxPayloadBytes: config.MAX_PAYLOAD_BYTES,
    maxBatchBytes: config.MAX_BATCH_BYTES,
    readOnly: config.READ_ONLY,
    readModelUrl: config.READ_MODEL_URL.replace(/\/$/, ""),
  });
  listen({
    app,
    port: config.PORT,
    bindAddress: config.BIND_ADDRESS,
    life,
    log,
    maxBodyBytes: config.MAX_BATCH_BYTES,
  });
}

await runService({
  service: "gateway",
  summary: "accepts jobs and forwards commands",
  versionText,
  config: Config,
  start,
});
