import { encodePost, type HttpConnection, type HttpReply, openHttpConnection } from "./http-connection.ts";
import { wallClockMs } from "./wall-clock.ts";

/** A request to send, and the number of jobs in its body. */
export interface LoadRequest {
  url: string;
  body: string;
  jobs: number;
}

/** An accepted job's id, and the wall-clock time at which its request was due. */
export interface SentJob {
  jobId: string;
  sentAt: number;
}

/** A load's outcome. `refused` counts the replies other than 202 by status. */
export interface LoadResult {
  accepted: SentJob[];
  refused: Record<string, number>;
  startedAt: number;
  endedAt: number;
}

/** Reads the ids of accepted jobs from a 202 body. */
export type ReadJobIds = (body: string) => string[];

interface LoadOptions {
  request: LoadRequest;
  readJobIds: ReadJobIds;
  connections: number;
  /** The load fails after this time, so that a system that never answers cannot hang the benchmark. */
  deadlineMs: number;
  signal: AbortSignal;
}

/** Runs a closed loop: each connection waits for a reply before its next request, until `totalJobs` have been sent. */
export async function runClosedLoop(options: LoadOptions & { totalJobs: number }): Promise<LoadResult> {
  return await withConnections(options, async (connections, bytes, record) => {
    let left = Math.ceil(options.totalJobs / options.request.jobs);
    await Promise.all(
      connections.map(async (connection) => {
        while (left > 0) {
          left -= 1;
          const sentAt = wallClockMs();
          record(await connection.send(bytes), sentAt);
        }
      }),
    );
  });
}

/**
 * Runs an open loop: sends one request every 1/rate seconds for `seconds`, whether or not earlier requests have been
 * answered. A request is timed from when it was due, even while it waits for a free connection, so a stall lengthens
 * every request that it delays. The load generator's timer has a step of 1 ms. Therefore, as the one exception, a
 * request that became due less than `timerStepMs` ago is timed from now.
 */
export async function runOpenLoop(
  options: LoadOptions & { ratePerSecond: number; seconds: number },
): Promise<LoadResult> {
  return await withConnections(options, async (connections, bytes, record) => {
    const idle = [...connections];
    const waiting: number[] = [];
    const answered = Promise.withResolvers<void>();
    const total = Math.round(options.ratePerSecond * options.seconds);
    const startedAt = wallClockMs();
    const dueAt = (index: number) => startedAt + (index * 1000) / options.ratePerSecond;
    let unanswered = total;
    let failure: unknown;

    const dispatch = () => {
      // Uses the connection that has been idle longest, because a server may close connections after ten idle seconds.
      while (idle.length > 0 && waiting.length > 0) void post(idle.shift()!, waiting.shift()!);
    };
    const post = async (connection: HttpConnection, sentAt: number) => {
      try {
        record(await connection.send(bytes), sentAt);
        idle.push(connection);
        unanswered -= 1;
        if (unanswered === 0) answered.resolve();
        dispatch();
      } catch (error) {
        failure ??= error;
        answered.resolve();
      }
    };
    for (let index = 0; index < total && !failure; ) {
      const now = wallClockMs();
      for (; index < total && dueAt(index) <= now; index += 1) {
        waiting.push(now - dueAt(index) < timerStepMs ? now : dueAt(index));
      }
      dispatch();
      if (index < total) await Bun.sleep(Math.max(1, Math.ceil(dueAt(index) - wallClockMs())));
    }
    await answered.promise;
    if (failure) throw failure;
  });
}

const timerStepMs = 1.5;

async function withConnections(
  { request, readJobIds, connections: count, deadlineMs, signal }: LoadOptions,
  drive: (
    connections: HttpConnection[],
    bytes: Uint8Array,
    record: (reply: HttpReply, sentAt: number) => void,
  ) => Promise<void>,
): Promise<LoadResult> {
  const url = new URL(request.url);
  const bytes = encodePost(url, request.body);
  const connections = await Promise.all(Array.from({ length: count }, () => openHttpConnection(url)));
  const accepted: SentJob[] = [];
  const refused: Record<string, number> = {};
  // Closing the connections rejects every awaited reply, which ends the loops.
  const close = () => {
    for (const connection of connections) connection.close();
  };
  const giveUp = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  giveUp.addEventListener("abort", close);
  try {
    const startedAt = wallClockMs();
    await drive(connections, bytes, (reply, sentAt) => {
      if (reply.status === 202) for (const jobId of readJobIds(reply.body)) accepted.push({ jobId, sentAt });
      else refused[reply.status] = (refused[reply.status] ?? 0) + 1;
    });
    return { accepted, refused, startedAt, endedAt: wallClockMs() };
  } finally {
    giveUp.removeEventListener("abort", close);
    close();
  }
}
