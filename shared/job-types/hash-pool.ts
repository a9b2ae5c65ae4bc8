import { availableParallelism } from "node:os";
import { buildInfo } from "../build-info.ts";
import type { HashReply, HashTask } from "./hash-worker.ts";

interface Waiter {
  start(): void;
}

// A compiled binary bundles all modules into one file at its root, but the thread's module keeps its project path.
const WORKER = buildInfo ? "./shared/job-types/hash-worker.js" : "./hash-worker.ts";
/** The maximum number of threads in the pool; they are started on demand. */
export const HASH_THREADS = Math.max(1, Math.min(4, availableParallelism() - 1));
const idle: Worker[] = [];
const waiting: Waiter[] = [];
let alive = 0;

/**
 * Hashes on a thread from a small pool, waiting for a free thread if necessary. When the signal aborts, rejects with
 * its reason and terminates the thread, because a running hash cannot be interrupted.
 */
export function hashInWorker(
  task: HashTask,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (fraction: number) => void },
): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const waiter: Waiter = { start: () => run(takeWorker()) };

    const onAbort = () => {
      const place = waiting.indexOf(waiter);
      if (place >= 0) waiting.splice(place, 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });

    function run(worker: Worker) {
      const discard = () => {
        worker.terminate();
        alive--;
        waiting.shift()?.start();
      };
      signal.addEventListener("abort", discard, { once: true });
      const finish = () => {
        signal.removeEventListener("abort", onAbort);
        signal.removeEventListener("abort", discard);
      };
      worker.onmessage = ({ data }: MessageEvent<HashReply>) => {
        if ("fraction" in data) return onProgress(data.fraction);
        finish();
        worker.unref();
        idle.push(worker);
        waiting.shift()?.start();
        resolve(data.digest);
      };
      worker.onerror = (event) => {
        finish();
        discard();
        reject(new Error(`the hash thread failed: ${event.message}`));
      };
      worker.ref();
      worker.postMessage(task);
    }

    if (idle.length > 0 || alive < HASH_THREADS) waiter.start();
    else waiting.push(waiter);
  });
}

function takeWorker(): Worker {
  const worker = idle.pop();
  if (worker) return worker;
  alive++;
  return new Worker(new URL(WORKER, import.meta.url).href);
}
