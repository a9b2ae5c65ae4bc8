import { type ConstructorOptions, PgBoss, type WorkOptions } from "pg-boss";
import { type Peer, type PeerContext, runHandler } from "./peer.ts";
import { runPeer } from "./peer-process.ts";

/**
 * `polling` uses the shortest interval that the library allows, and burst fetching, which drains a backlog without
 * waiting. `notify` uses LISTEN/NOTIFY with the same polling as a fallback. The single NOTIFY of a bulk insert wakes
 * each fetcher once, and the jobs left after that fetch wait for the next poll. For no-op jobs, two fetchers of 100
 * jobs each gave the best balance: one fetcher had higher throughput but also higher latency, and four were worse in
 * both. Sleeping jobs run in two batches of half the slots each, because with single-job fetches, each job would wait
 * for a poll.
 */
function workSettings({ profile, slots }: PeerContext): WorkOptions {
  const fetching = {
    burstWhenBatchFull: true,
    pollingIntervalSeconds: 0.5,
    notifyPollingIntervalSeconds: 0.5,
  };
  return { localConcurrency: 2, batchSize: profile === "noop" ? 100 : Math.ceil(slots / 2), ...fetching };
}

const QUEUE_NAME = "bench";
const SERVER_CONNECTIONS = 20;

const pgBoss: Peer = {
  settings: (context) => JSON.stringify({ ...workSettings(context), serverPool: SERVER_CONNECTIONS }),

  async openQueue({ engineUrl, variant }) {
    const boss = await openBoss({
      connectionString: engineUrl,
      max: SERVER_CONNECTIONS,
      useListenNotify: false,
    });
    await boss.createQueue(QUEUE_NAME, { notify: variant === "notify" });
    return {
      add: async (job) => {
        const id = await boss.send(QUEUE_NAME, job);
        if (!id) throw new Error("pg-boss refused a job without giving a reason");
        return id;
      },
      addMany: async (jobs) =>
        (await boss.insert(
          QUEUE_NAME,
          jobs.map((job) => ({ data: job })),
          { returnId: true },
        )) ?? [],
      close: () => boss.stop({ graceful: false }),
    };
  },

  async openWorker(context, record) {
    const boss = await openBoss({
      connectionString: context.engineUrl,
      max: 26,
      useListenNotify: context.variant === "notify",
    });
    const handled = new Set<string>();
    await boss.work<{ type: string; payload: Record<string, unknown> }>(
      QUEUE_NAME,
      workSettings(context),
      async (jobs) => {
        await Promise.all(jobs.map(({ data }) => runHandler(data.type, data.payload)));
        for (const { id } of jobs) {
          handled.add(id);
          record(id);
        }
      },
    );
    return {
      // Reads the stored completion times. pg-boss stores a batch only after its handlers have ended, so this function
      // waits until the completion of every handled job is stored.
      async readFinishedAt() {
        const deadline = performance.now() + COMPLETION_MS;
        for (;;) {
          const finishedAt = await readCompletedOn(boss);
          if (handled.isSubsetOf(new Set(finishedAt.keys())) || performance.now() > deadline)
            return finishedAt;
          await Bun.sleep(50);
        }
      },
      close: () => boss.stop({ graceful: false }),
    };
  },
};

const COMPLETION_MS = 5_000;

async function readCompletedOn(boss: PgBoss): Promise<Map<string, number>> {
  const { rows } = await boss.getDb().executeSql(
    `SELECT id, extract(epoch FROM completed_on) * 1000 AS at FROM pgboss.job
     WHERE name = $1 AND completed_on IS NOT NULL`,
    [QUEUE_NAME],
  );
  return new Map((rows as { id: string; at: string }[]).map(({ id, at }) => [id, Number(at)]));
}

async function openBoss(options: ConstructorOptions): Promise<PgBoss> {
  const boss = new PgBoss({ ...options, schedule: false });
  boss.on("error", (error) => console.error(`pg-boss: ${error.message}`));
  await boss.start();
  return boss;
}

await runPeer(pgBoss);
