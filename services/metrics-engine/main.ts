import { setPriority } from "node:os";
import { openBus } from "../../shared/bus/open.ts";
import type { Consumer } from "../../shared/bus/port.ts";
import { createDuty } from "../../shared/duty.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import { createEdge } from "../../shared/http/edge.ts";
import { listen } from "../../shared/http/listen.ts";
import { createOps } from "../../shared/http/ops.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { openObservations } from "../../shared/observations/open.ts";
import { createReplicas } from "../../shared/replicas.ts";
import { runService, type ServiceContext } from "../../shared/service.ts";
import { createApp } from "./app.ts";
import { Config } from "./config.ts";
import { createFamilies } from "./metrics.ts";
import { createRecorder } from "./record.ts";
import { keepRetention, RETENTION_EVERY_MS } from "./retention.ts";
import { takeSnapshots } from "./snapshots.ts";
import versionText from "./VERSION" with { type: "text" };

/** A lower priority than the processor's, so that recording events does not slow jobs on a machine with few cores. */
const NICENESS = 5;

async function start({
  service,
  version,
  instanceId,
  config,
  log,
  life,
  metrics,
  tracing,
}: ServiceContext<Config>): Promise<void> {
  const { stopping } = life;
  try {
    setPriority(process.pid, NICENESS);
  } catch (error) {
    log.debug("Could not lower the process priority", { reason: messageOf(error) });
  }
  const observations = openObservations({ eventsUrl: config.EVENTS_URL, cacheUrl: config.CACHE_URL, log });
  life.defer("observations", () => observations.close());
  const bus = openBus({ url: config.BUS_URL, name: instanceId, log, metrics });
  life.defer("bus", bus.close);
  const families = createFamilies(metrics, JOB_TYPES.keys());

  const healthy = (engine: string) => async () => {
    const health = await observations.health();
    if (health[engine] === false)
      throw new AppError("STORE_UNAVAILABLE", `${engine} does not answer`, { facts: { engine } });
  };
  const engines = {
    bus: bus.ping,
    ...Object.fromEntries(
      Object.keys(await observations.health()).map((engine) => [engine, healthy(engine)]),
    ),
  };
  let started = false;
  let recording: Consumer | undefined;
  const snapshots = createDuty("Keeping snapshots", Math.max(30_000, 6 * config.SNAPSHOT_EVERY_MS));
  const retention = createDuty("Deleting old events", 3 * RETENTION_EVERY_MS);
  const duties = {
    recording: () => recording?.whyStuck(),
    snapshots: snapshots.whyStuck,
    retention: retention.whyStuck,
  };
  const edge = createEdge({
    log,
    metrics,
    bindAddress: config.BIND_ADDRESS,
    allowedOrigins: config.ALLOWED_ORIGINS,
  });
  const app = createApp({
    edge,
    ops: createOps({ service, version, metrics, engines, duties, stopping, isStarted: () => started }),
  });
  listen({ app, port: config.PORT, bindAddress: config.BIND_ADDRESS, life, log });

  await observations.connected(stopping);
  await bus.connected(stopping);
  const processors = createReplicas(config.PROCESSOR_URL.split(","));
  const background = [
    takeSnapshots(
      {
        observations,
        bus,
        processors,
        families,
        log,
        everyMs: config.SNAPSHOT_EVERY_MS,
        duty: snapshots,
      },
      stopping,
    ),
    keepRetention(observations, { hours: config.EVENT_RETENTION_HOURS, log, duty: retention }, stopping),
  ];
  life.defer("snapshots and retention", async () => void (await Promise.all(background)));
  recording = bus.consume(
    "events.observed",
    { maxBatch: 40, prefetch: 80 },
    createRecorder({ observations, bus, families, tracing, log }),
  );
  life.defer("recording", recording.stop);
  started = true;
  log.info("Ready");
}

await runService({
  service: "metrics-engine",
  summary: "stores and counts every event",
  versionText,
  config: Config,
  start,
});
