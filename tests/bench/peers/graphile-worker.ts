import { consoleLogFactory, Logger, makeWorkerUtils, type RunnerOptions, run } from "graphile-worker";
import { type Peer, type PeerContext, runHandler } from "./peer.ts";
import { runPeer } from "./peer-process.ts";

/**
 * Of the settings on graphile-worker's performance page, these measured best for no-op jobs: a local queue, where one
 * query fetches a batch; completions batched without a delay; and no refetch delay, which would add latency.
 * LISTEN/NOTIFY is always on, and polling is only its fallback. For sleeping jobs the local queue holds one job per
 * slot, so that two workers share the jobs fairly.
 */
function workerSettings({ profile, slots }: PeerContext) {
  return profile === "noop"
    ? { concurrentJobs: 24, localQueue: { size: 200 }, completeJobBatchDelay: 0, pollInterval: 1_000 }
    : { concurrentJobs: slots, localQueue: { size: slots }, completeJobBatchDelay: 0, pollInterval: 1_000 };
}

const SERVER_CONNECTIONS = 20;
const quiet = new Logger((scope) => {
  const write = consoleLogFactory(scope);
  return (level, message, meta) => (level === "error" ? write(level, message, meta) : undefined);
});

const graphileWorker: Peer = {
  settings: (context) => JSON.stringify({ ...workerSettings(context), serverPool: SERVER_CONNECTIONS }),

  async openQueue({ engineUrl }) {
    const utils = await makeWorkerUtils({
      connectionString: engineUrl,
      maxPoolSize: SERVER_CONNECTIONS,
      logger: quiet,
    });
    await utils.migrate();
    return {
      add: async ({ type, payload }) => (await utils.addJob(type, payload)).id,
      addMany: async (jobs) => {
        const added = await utils.addJobs(jobs.map(({ type, payload }) => ({ identifier: type, payload })));
        return added.map(({ id }) => id);
      },
      close: async () => void (await utils.release()),
    };
  },

  async openWorker(context, record) {
    const task = (type: string): NonNullable<RunnerOptions["taskList"]>[string] => {
      return async (payload, helpers) => {
        await runHandler(type, payload as Record<string, unknown>);
        // The library has no event for a durable completion: even `job:complete` does not wait for the statement that
        // deletes the job. The recorded time is therefore early by that statement, which favors the library.
        record(helpers.job.id);
      };
    };
    const runner = await run({
      preset: {
        worker: {
          ...workerSettings(context),
          connectionString: context.engineUrl,
          logger: quiet,
          maxPoolSize: 26,
        },
      },
      noHandleSignals: true,
      taskList: { sleep: task("sleep") },
    });
    return { close: () => runner.stop() };
  },
};

await runPeer(graphileWorker);
