import { Queue, Worker } from "bunqueue/client";
import { type JobToAdd, type Peer, type PeerContext, runHandler } from "./peer.ts";
import { runPeer } from "./peer-process.ts";

/**
 * bunqueue's server owns the queue; the benchmark's server and workers are its clients over TCP. On SQLite, `durable`
 * jobs bypass the write buffer. On PostgreSQL, every write is transactional anyway. In the runs with 100 ms jobs, a
 * worker fetches as many jobs as it has slots.
 */
const JOB_OPTIONS = { durable: true, removeOnComplete: false } as const;
const QUEUE_NAME = "bench";

function workerSettings({ profile, slots }: PeerContext) {
  return profile === "noop" ? { concurrency: 100, batchSize: 100 } : { concurrency: slots, batchSize: slots };
}

function connectionOf({ engineUrl }: PeerContext) {
  const { hostname, port } = new URL(engineUrl);
  return { host: hostname, port: Number(port), poolSize: 4 };
}

const bunqueue: Peer = {
  settings: (context) => JSON.stringify({ ...workerSettings(context), ...JOB_OPTIONS }),

  async openQueue(context) {
    const queue = new Queue<JobToAdd["payload"]>(QUEUE_NAME, { connection: connectionOf(context) });
    return {
      add: async ({ type, payload }) => (await queue.add(type, payload, JOB_OPTIONS)).id,
      addMany: async (jobs) => {
        const entries = jobs.map(({ type, payload }) => ({ name: type, data: payload, opts: JOB_OPTIONS }));
        return (await queue.addBulk(entries)).map(({ id }) => id);
      },
      close: async () => void (await queue.close()),
    };
  },

  async openWorker(context, record) {
    const worker = new Worker<JobToAdd["payload"], void>(
      QUEUE_NAME,
      (job) => runHandler(job.name, job.data),
      {
        ...workerSettings(context),
        connection: connectionOf(context),
      },
    );
    // Emitted once the server has acknowledged the completion.
    worker.on("completed", (job) => record(job.id));
    worker.on("error", (error) => console.error(`bunqueue: ${error.message}`));
    return { close: async () => void (await worker.close(true)) };
  },
};

await runPeer(bunqueue);
