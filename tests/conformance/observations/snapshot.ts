import type { Snapshot } from "../../../contracts/api-queries.ts";

export function snapshotAt(at: number, waiting = 4): Snapshot {
  const time = new Date(at).toISOString();
  const queue = { scheduled: 0, executing: 2, paused: false, oldestWaitingMs: null };
  return {
    at: time,
    queues: [
      { type: "hash", waiting, ...queue },
      { type: "sleep", waiting: 0, ...queue },
    ],
    workers: [
      {
        id: "w-1",
        host: "desk",
        pid: 1,
        version: "1.0.0",
        state: "alive",
        concurrency: 8,
        running: 2,
        jobs: [],
        startedAt: time,
        heartbeatAt: time,
      },
    ],
    deadLetters: 1,
    outbox: 2,
    bus: [{ name: "jobs.created", ready: 0, consumers: 1 }],
  };
}
