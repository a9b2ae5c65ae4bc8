import postgres from "postgres";
import { readAcceptedIds } from "../accepted-ids.ts";
import type { NamedProcess, RunningSystem, StartOptions, System } from "../system.ts";
import { walBytes } from "../wal.ts";
import { type PeerChild, startPeerChild } from "./child.ts";
import type { PeerEngine, StartPeerEngine } from "./peer-engine.ts";

export interface PeerSystemOptions {
  name: string;
  /** The file in this folder that runs the peer, a job library that the observatory is compared with. */
  file: string;
  /** Which of several ways to use the library is measured, for libraries that offer more than one. */
  variant?: string;
  startEngine: StartPeerEngine;
}

/** Wraps a peer as a system to measure: a fresh engine, one server process and the workers. */
export function createPeerSystem({ name, file, variant = "", startEngine }: PeerSystemOptions): System {
  return {
    name,
    async start(options: StartOptions) {
      const engine = await startEngine({ dataDir: options.dataDir, signal: options.signal });
      const children: PeerChild[] = [];
      const sql =
        engine.postgresUrl === undefined
          ? undefined
          : postgres(engine.postgresUrl, { max: 1, onnotice: () => undefined });
      // Stops in reverse order, so that no process loses its engine before it ends.
      const stop = async () => {
        for (const child of children.toReversed()) await child.stop();
        await sql?.end();
        await engine.stop();
      };
      const startChild = async (role: "server" | "worker") => {
        const { profile, slots } = options;
        const config = { role, engineUrl: engine.url, profile, slots, variant };
        const child = await startPeerChild(file, config, options.signal);
        children.push(child);
        return child;
      };
      try {
        const server = await startChild("server");
        const workers: PeerChild[] = [];
        while (workers.length < options.workers) workers.push(await startChild("worker"));
        return createRunning({ engine, server, workers, sql, dataDir: options.dataDir, stop });
      } catch (error) {
        await stop();
        throw error;
      }
    },
  };
}

interface PeerParts {
  engine: PeerEngine;
  server: PeerChild;
  workers: PeerChild[];
  sql: postgres.Sql | undefined;
  dataDir: string;
  stop(): Promise<void>;
}

function createRunning({ engine, server, workers, sql, dataDir, stop }: PeerParts): RunningSystem {
  const ask = async (worker: PeerChild, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${worker.port}${path}`, {
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(askMs),
    });
    return await response.json();
  };
  const processes: NamedProcess[] = [
    { label: "server", pid: server.pid },
    ...workers.map(({ pid }, at) => ({ label: workers.length > 1 ? `worker ${at + 1}` : "worker", pid })),
    ...engine.processes,
  ];
  return {
    submitUrl: `http://127.0.0.1:${server.port}/jobs`,
    batchUrl: `http://127.0.0.1:${server.port}/jobs/batch`,
    readJobIds: readAcceptedIds,
    settings: `${engine.product}, ${server.settings}`,
    dataDir,
    async unfinished(jobIds) {
      let open = [...jobIds];
      for (const worker of workers) open = (await ask(worker, "/bench/unfinished", open)) as string[];
      return open;
    },
    async finishedAt() {
      const all = new Map<string, number>();
      for (const worker of workers) {
        const times = (await ask(worker, "/bench/finished-at")) as Record<string, number>;
        for (const [jobId, at] of Object.entries(times)) all.set(jobId, at);
      }
      return all;
    },
    ...(sql && { walBytes: () => walBytes(sql) }),
    processes: async () => processes,
    stop,
  };
}

const askMs = 30_000;
