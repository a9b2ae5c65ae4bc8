import { wallClockMs } from "../wall-clock.ts";
import type { Peer, PeerContext } from "./peer.ts";
import { createPeerApp } from "./peer-app.ts";

/**
 * The configuration of a process of a peer (a job library that the benchmark compares with this system). The parent
 * passes it as JSON in one environment variable.
 */
export interface PeerProcessConfig extends PeerContext {
  role: "server" | "worker";
}

export const peerConfigVariable = "BENCH_PEER";

/** The only line that the process prints to stdout; it means that the process is ready. */
export interface PeerReady {
  port: number;
  settings: string;
}

/**
 * Runs a peer's process until SIGTERM arrives or stdin closes. A killed parent closes stdin too, so no peer outlives
 * its benchmark.
 */
export async function runPeer(peer: Peer): Promise<void> {
  const config = JSON.parse(process.env[peerConfigVariable] ?? "null") as PeerProcessConfig | null;
  if (!config) throw new Error(`${peerConfigVariable} is not set; only the benchmark starts peers`);
  // Ignore Ctrl-C: the terminal sends it to the whole process group, but the parent stops its processes one after
  // another.
  process.on("SIGINT", () => undefined);

  const { port, close } = config.role === "server" ? await serve(peer, config) : await work(peer, config);
  const ready: PeerReady = { port, settings: peer.settings(config) };
  process.stdout.write(`${JSON.stringify(ready)}\n`);

  const stop = async () => {
    // Exits even if the library does not close in time, because the data in its engine is discarded anyway.
    await Promise.race([close(), Bun.sleep(closeGraceMs)]);
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
  process.stdin.once("end", () => void stop()).resume();
}

const closeGraceMs = 3_000;

async function serve(peer: Peer, config: PeerProcessConfig) {
  const queue = await peer.openQueue(config);
  const app = createPeerApp(queue).listen(0);
  return {
    port: app.server!.port!,
    close: async () => {
      await app.stop(true);
      await queue.close();
    },
  };
}

async function work(peer: Peer, config: PeerProcessConfig) {
  const finished = new Map<string, number>();
  const worker = await peer.openWorker(config, (jobId) => finished.set(jobId, wallClockMs()));
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    routes: {
      "/bench/unfinished": {
        POST: async (request) => {
          const jobIds = (await request.json()) as string[];
          return Response.json(jobIds.filter((id) => !finished.has(id)));
        },
      },
      "/bench/finished-at": async () =>
        Response.json(Object.fromEntries((await worker.readFinishedAt?.()) ?? finished)),
    },
  });
  return {
    port: server.port!,
    close: async () => {
      await server.stop(true);
      await worker.close();
    },
  };
}
