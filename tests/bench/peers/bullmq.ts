import { Queue, Worker } from "bullmq";
import { type Peer, type PeerContext, runHandler } from "./peer.ts";
import { runPeer } from "./peer-process.ts";

/** The library keeps finished jobs by default, as the observatory does. */
function workerSettings({ profile, slots }: PeerContext) {
  return { concurrency: profile === "noop" ? 100 : slots };
}

const QUEUE_NAME = "bench";

const bullmq: Peer = {
  settings: (context) => JSON.stringify(workerSettings(context)),

  async openQueue({ engineUrl }) {
    const queue = new Queue(QUEUE_NAME, { connection: { url: engineUrl } });
    await queue.waitUntilReady();
    return {
      add: async ({ type, payload }) => (await queue.add(type, payload)).id!,
      addMany: async (jobs) => {
        const added = await queue.addBulk(jobs.map(({ type, payload }) => ({ name: type, data: payload })));
        return added.map(({ id }) => id!);
      },
      close: () => queue.close(),
    };
  },

  async openWorker(context, record) {
    const worker = new Worker<Record<string, unknown>>(QUEUE_NAME, (job) => runHandler(job.name, job.data), {
      ...workerSettings(context),
      connection: { url: context.engineUrl, maxRetriesPerRequest: null },
    });
    // Emitted once Redis has confirmed that the job is in the completed set.
    worker.on("completed", (job) => record(job.id!));
    worker.on("error", (error) => console.error(`bullmq: ${error.message}`));
    await worker.waitUntilReady();
    return { close: () => worker.close(true) };
  },
};

await runPeer(bullmq);
