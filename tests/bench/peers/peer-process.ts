import { wallClockMs } from "../wall-clock.ts";
import type { Peer, PeerContext } from "./peer.ts";
import { createPeerApp } from "./peer-app.ts";

/** How the parent starts a peer's process: all of it in one environment variable, as JSON. */
export interface PeerProcessConfig extends PeerContext {
  role: "server" | "worker";
}

export const peerConfigVariable = "BENCH_PEER";

/** The one line of standard output that the process prints when it serves. */
export interface PeerReady {
  port: number;
  settings: string;
}

/**
 * The main of every peer file. Serves until SIGTERM, or until its standard input closes, which also
 * happens when the parent is killed: no peer outlives its bench.
 */
export async function runPeer(peer: Peer): Promise<void> {
  const config = JSON.parse(process.env[peerConfigVariable] ?? "null") as PeerProcessConfig | null;
  if (!config) throw new Error(`Peers are started by the bench; ${peerConfigVariable} is not set`);
  // Ctrl-C reaches the whole group; the parent decides the order in which things stop.
  process.on("SIGINT", () => undefined);

  const { port, close } = config.role === "server" ? await serve(peer, config) : await work(peer, config);
  const ready: PeerReady = { port, settings: peer.settings(config) };
  process.stdout.write(`${JSON.stringify(ready)}\n`);

  const stop = async () => {
    // A library that does not close in time is left to the exit: its engine is thrown away anyway.
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
