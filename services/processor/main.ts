import { parseAddressRanges } from "../../shared/address-ranges.ts";
import { untilItSucceeds } from "../../shared/async.ts";
import { openBus } from "../../shared/bus/open.ts";
import type { Consumer } from "../../shared/bus/port.ts";
import { createDuty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import { createEdge } from "../../shared/http/edge.ts";
import { listen } from "../../shared/http/listen.ts";
import { createOps } from "../../shared/http/ops.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { runService, type ServiceContext } from "../../shared/service.ts";
import { createSharedCall } from "../../shared/shared-call.ts";
import { createApp } from "./app.ts";
import { createAttemptStore } from "./attempt-store.ts";
import { createBulkActionStore } from "./bulk-action-store.ts";
import { createBulkActions } from "./bulk-actions.ts";
import { createClaimer } from "./claim.ts";
import { createClaimStore } from "./claim-store.ts";
import { createCommandLog } from "./command-log.ts";
import { createCommandLogStore } from "./command-log-store.ts";
import { createCommandStore } from "./command-store.ts";
import { createCommands } from "./commands.ts";
import { Config } from "./config.ts";
import { createCountStore } from "./count-store.ts";
import { createDeadLetterStore } from "./dead-letter-store.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { foldCounts } from "./fold-counts.ts";
import { createHistorian } from "./history.ts";
import { createHistoryWriter } from "./history-sql.ts";
import { createIntake } from "./intake.ts";
import { createIntakeStore } from "./intake-store.ts";
import { guardedStore, openJobStore } from "./job-store.ts";
import { createLeaseKeeper } from "./keep-lease.ts";
import { createKnownTypes } from "./known-types.ts";
import { registerCounters, registerGauges } from "./metrics.ts";
import { SchemaTooNew } from "./migration-store.ts";
import { listenForNotifications } from "./notifications.ts";
import { createOutbox } from "./outbox.ts";
import { createOutboxStore } from "./outbox-store.ts";
import { createPausedTypes } from "./paused-types.ts";
import { createPruneStore } from "./prune-store.ts";
import { createReplay } from "./replay.ts";
import { createReplayStore } from "./replay-store.ts";
import { checkRetention, keepRetention, RETENTION_EVERY_MS } from "./retention.ts";
import { createRunner } from "./runner.ts";
import { createSlots } from "./slots.ts";
import { createStoreClock } from "./store-clock.ts";
import { createChildSubmitter } from "./submit-children.ts";
import { createTypeSlots } from "./type-slots.ts";
import versionText from "./VERSION" with { type: "text" };
import { createWorker } from "./worker.ts";
import { createWorkerStore } from "./worker-store.ts";

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
  const hours = { jobs: config.JOB_RETENTION_HOURS, failed: config.FAILED_JOB_RETENTION_HOURS };
  checkRetention(hours);
  const allowedAddresses = parseAddressRanges("HTTP_CHECK_ALLOW", config.HTTP_CHECK_ALLOW);
  const { stopping, abort } = life;

  const store = openJobStore({ url: config.DATABASE_URL, max: config.DATABASE_POOL, log });
  life.defer("job store", store.close);
  const bus = openBus({ url: config.BUS_URL, name: instanceId, log, metrics });
  life.defer("bus", bus.close);

  const workerStore = guardedStore(store, createWorkerStore);
  const clock = createStoreClock(workerStore.time);
  const history = createHistorian(makeEvent, clock.now);
  const outboxStore = guardedStore(store, createOutboxStore);
  // These loops retry until they succeed. A loop that makes no progress leaves jobs waiting, so it is reported as stuck
  // after a whole lease, but not before three seconds, because the loops poll once per second and a short lease must
  // still allow a few polls.
  const patienceMs = Math.max(config.LEASE_MS, 3_000);
  const loops = {
    publishing: createDuty("Publishing the outbox", patienceMs),
    claiming: createDuty("Claiming jobs", patienceMs),
    // One step of an action runs several statements, each of which may take half a minute.
    acting: createDuty("Carrying out bulk actions", Math.max(patienceMs, 60_000)),
    pruning: createDuty("Pruning jobs past their retention", 10 * RETENTION_EVERY_MS),
    counting: createDuty("Folding the counts of jobs", Math.max(patienceMs, 60_000)),
    lease: createDuty("Renewing the lease and taking over jobs", config.LEASE_MS),
  };
  // If one database holds both the bus and the jobs, a message is committed with its change and needs no outbox.
  const busTables = config.BUS_URL === config.DATABASE_URL ? bus.tables : undefined;
  const writeHistory = createHistoryWriter(busTables);
  const outbox = createOutbox({
    store: outboxStore,
    bus,
    busTables,
    tracing,
    log,
    duty: loops.publishing,
  });
  const slots = createSlots(config.CONCURRENCY);
  const typeSlots = createTypeSlots(JOB_TYPES);
  const knownTypes = createKnownTypes(JOB_TYPES);
  const attemptStore = guardedStore(store, (sql) =>
    createAttemptStore(sql, history, writeHistory, knownTypes),
  );
  const claimStore = guardedStore(store, (sql) => createClaimStore(sql, history, writeHistory, knownTypes));
  const commandStore = guardedStore(store, (sql) => createCommandStore(sql, writeHistory));
  const intakeStore = guardedStore(store, (sql) => createIntakeStore(sql, writeHistory));

  const worker = createWorker({
    store: workerStore,
    clock,
    log,
    instanceId,
    version,
    concurrency: config.CONCURRENCY,
    types: knownTypes.versions,
  });
  const claimer = createClaimer({
    store: claimStore,
    slots,
    typeSlots,
    outbox,
    log,
    workerId: worker.id,
    now: clock.now,
    stopping,
    duty: loops.claiming,
  });
  const counters = registerCounters(metrics);
  const runner = createRunner({
    jobTypes: JOB_TYPES,
    store: attemptStore,
    history,
    outbox,
    slots,
    typeSlots,
    tracing,
    log,
    counters,
    ports: { allowedAddresses, now: clock.now, submit: createChildSubmitter(bus, makeEvent) },
    abort,
    claimer,
  });
  claimer.onClaimed(runner.start);
  const keepLease = createLeaseKeeper({
    worker,
    store: workerStore,
    attempts: attemptStore,
    runner,
    history,
    outbox,
    tracing,
    log,
    leaseMs: config.LEASE_MS,
    duty: loops.lease,
    onDue: claimer.poke,
  });
  // The snapshot is shared, because scrapes and the metrics-engine may request it at the same time.
  const snapshot = createSharedCall(() => workerStore.snapshot());
  registerGauges(metrics, {
    slots,
    log,
    snapshot: snapshot.get,
    oldestInOutbox: outboxStore.oldestSeconds,
    runner,
  });

  const onDue = () => {
    claimer.poke();
    intakeStore.announce().catch((error: unknown) =>
      log.debug("Cannot notify other processors of due jobs; their polls will find them", {
        reason: messageOf(error),
      }),
    );
  };
  const pruneStore = guardedStore(store, createPruneStore);
  const commands = createCommands({
    store: commandStore,
    pruned: pruneStore.pruned,
    history,
    outbox,
    log,
    onDue,
  });
  const deadLetterStore = guardedStore(store, createDeadLetterStore);
  const deadLetters = createDeadLetters({
    store: deadLetterStore,
    bus,
    log,
    onParked: (messages) => counters.parked("jobs.failed.validation", messages),
  });
  const replay = createReplay({
    store: deadLetterStore,
    jobs: commandStore,
    replays: guardedStore(store, (sql) => createReplayStore(sql, writeHistory)),
    commands,
    pruned: pruneStore.pruned,
    history,
    outbox,
    bus,
    makeEvent,
    tracing,
    log,
    runs: knownTypes.runs,
    onDue,
  });
  const pausedTypes = createPausedTypes(commandStore, stopping, log);
  const commandLogStore = guardedStore(store, createCommandLogStore);
  const commandLog = createCommandLog({ store: commandLogStore, workerId: worker.id, stopping, log });
  const actions = createBulkActions({
    store: guardedStore(store, (sql) => createBulkActionStore(sql, writeHistory)),
    commandLog: commandLogStore,
    jobs: commandStore,
    history,
    outbox,
    replay,
    workerId: worker.id,
    stopping,
    log,
    duty: loops.acting,
    onDue,
  });

  const engines = { postgres: store.ping, bus: bus.ping };
  let started = false;
  const consumers: Partial<Record<"intake" | "filing" | "parked", Consumer>> = {};
  const duties = {
    intake: () => consumers.intake?.whyStuck(),
    filing: () => consumers.filing?.whyStuck(),
    ends: () => runner.whyStuck(config.LEASE_MS),
    ...Object.fromEntries(Object.entries(loops).map(([name, loop]) => [name, loop.whyStuck])),
  };
  const edge = createEdge({
    log,
    metrics,
    bindAddress: config.BIND_ADDRESS,
    allowedOrigins: config.ALLOWED_ORIGINS,
  });
  const isStarted = () => started;
  const ops = createOps({ service, version, metrics, engines, duties, stopping, isStarted });
  const app = createApp({
    edge,
    ops,
    commands,
    actions,
    deadLetters,
    replay,
    commandLog,
    counts: { check: () => store.onOwnConnection((sql) => createCountStore(sql).check()) },
    snapshot: snapshot.get,
    held: bus.held,
    isStarted,
  });
  listen({ app, port: config.PORT, bindAddress: config.BIND_ADDRESS, life, log });

  await untilItSucceeds(() => store.migrate(stopping), {
    signal: stopping,
    onError(error) {
      if (error instanceof SchemaTooNew) throw error;
      log.warn("Cannot migrate the job store yet", { reason: messageOf(error) });
    },
  });
  await bus.connected(stopping);
  await worker.start(stopping);
  // Registered before the cleanups below, so that it runs after them: the lease must outlive every held job.
  const heart = new AbortController();
  const beating = keepLease(heart.signal);
  life.defer("worker", async () => {
    heart.abort();
    await beating;
    await worker.retire();
  });

  const sweeping = outbox.sweep(stopping);
  life.defer("outbox", async () => {
    await sweeping;
    await outbox.idle();
  });

  await pausedTypes.refresh();
  const refreshPaused = () =>
    void pausedTypes
      .refresh()
      .then(claimer.poke)
      .catch((error: unknown) => log.debug("Stopped reading paused types", { reason: messageOf(error) }));
  // The start does not wait for this, because polling finds any job whose notification was missed.
  void listenForNotifications(store.listening, {
    signal: stopping,
    log,
    on(channel, payload) {
      if (channel === "observatory_waiting") claimer.poke();
      else if (channel === "observatory_cancel") runner.interrupt([payload], "cancelled");
      else refreshPaused();
    },
    onListening: refreshPaused,
  }).catch((error: unknown) =>
    log.debug("Stopped listening for notifications", { reason: messageOf(error) }),
  );

  const folding = foldCounts(
    { store: guardedStore(store, createCountStore), log, duty: loops.counting },
    stopping,
  );
  life.defer("counts", () => folding);
  const acting = actions.run();
  life.defer("bulk actions", () => acting);
  const pruning = keepRetention({ store: pruneStore, hours, log, duty: loops.pruning }, stopping);
  life.defer("retention", () => pruning);
  const claiming = claimer.run();
  life.defer("running jobs", async () => {
    await claiming;
    const giveUp = () => runner.interruptAll("stopping");
    abort.addEventListener("abort", giveUp, { once: true });
    await runner.idle();
    abort.removeEventListener("abort", giveUp);
  });

  const intake = createIntake({
    store: intakeStore,
    history,
    slots,
    typeSlots,
    claimer,
    outbox,
    tracing,
    log,
    workerId: worker.id,
    isPaused: pausedTypes.has,
    runs: knownTypes.runs,
    start: runner.start,
    refuse: deadLetters.refuse,
    onParked: (messages) => counters.parked("jobs.created", messages),
  });
  consumers.intake = bus.consume("jobs.created", { maxBatch: 100, prefetch: 200 }, intake);
  consumers.filing = bus.consume("jobs.failed.validation", { maxBatch: 50, prefetch: 100 }, deadLetters.file);
  consumers.parked = bus.consume("messages.parked", { maxBatch: 20, prefetch: 100 }, deadLetters.fileParked);
  life.defer("intake", async () => {
    await worker
      .stopping()
      .catch((error: unknown) =>
        log.warn("Could not announce that this worker is stopping", { reason: messageOf(error) }),
      );
    await Promise.all(Object.values(consumers).map((consumer) => consumer.stop()));
  });
  started = true;
  log.info("Ready", { workerId: worker.id(), concurrency: config.CONCURRENCY });
}

await runService({
  service: "processor",
  summary: "runs jobs and owns their state",
  versionText,
  config: Config,
  start,
});
