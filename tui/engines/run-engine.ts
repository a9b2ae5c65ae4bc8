import { join } from "node:path";
import { allGone, killAll, killTree, processTree, signalProcess } from "../../shared/process-tree.ts";
import { until } from "../../shared/until.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { dropLease, takeOver, writeLease } from "./lease.ts";
import { sizeOf, tailOf } from "./log-tail.ts";
import { isFree } from "./port.ts";
import { type Command, hasEnded, spawnServer } from "./spawn-server.ts";

/** The settings and functions that differ between engines. */
export interface Recipe<Name extends string> extends Command {
  name: Name;
  product: string;
  url: string;
  port: number;
  startMs: number;
  stopMs: number;
  /** Runs before each start, to remove anything that a crash left behind. */
  prepare?(): Promise<void>;
  /** Whether the server answers now. */
  answers(): Promise<boolean>;
  /** For a server that is slow to shut down: `ms` after `text` appears in the log, the server is killed. */
  lastWords?: { text: string; ms: number };
}

/** Returns the path of an engine's log. */
export function logFileOf(options: EngineOptions): string {
  return options.logFile ?? join(options.dataDir, "log");
}

/** Starts a server in its own session and resolves when it answers. */
export async function runEngine<Name extends string>(
  recipe: Recipe<Name>,
  options: EngineOptions,
): Promise<Engine<Name>> {
  const { dataDir } = options;
  const logFile = logFileOf(options);
  let running: Bun.Subprocess | undefined;
  let isWanted = false;

  async function start(signal?: AbortSignal): Promise<void> {
    await takeOver(dataDir);
    await recipe.prepare?.();
    // Another server on the port would answer in place of ours. A killed server takes a moment to free its port.
    await until(() => isFree(recipe.port), {
      timeoutMs: 3_000,
      signal,
      what: () => `port ${recipe.port} of 127.0.0.1 to be free for ${recipe.product}`,
    });
    const child = spawnServer(recipe, logFile, dataDir);
    running = child;
    isWanted = true;
    writeLease(dataDir, child.pid);
    try {
      await until(() => answersOrEnded(child), {
        timeoutMs: recipe.startMs,
        signal,
        what: () => "it to answer",
      });
    } catch (error) {
      await kill();
      if (signal?.aborted) throw error;
      throw new Error(`Could not start ${recipe.product} on port ${recipe.port}\n${tailOf(logFile)}`, {
        cause: error,
      });
    }
    void child.exited.then(() => {
      if (!isWanted || running !== child) return;
      forget(child);
      options.onCrash?.(howItEnded(child));
    });
  }

  async function answersOrEnded(child: Bun.Subprocess): Promise<boolean> {
    if (hasEnded(child)) throw new Error(`It ${howItEnded(child)}`);
    return recipe.answers();
  }

  async function stop(): Promise<void> {
    isWanted = false;
    const child = running;
    if (!child) return;
    const tree = processTree(child.pid);
    const logStart = sizeOf(logFile);
    signalProcess(child.pid, recipe.stopSignal);
    let deadline = performance.now() + recipe.stopMs;
    while (!hasEnded(child) && performance.now() < deadline) {
      await Promise.race([child.exited, Bun.sleep(50)]);
      const { lastWords } = recipe;
      if (lastWords && tailOf(logFile, logStart).includes(lastWords.text)) {
        deadline = Math.min(deadline, performance.now() + lastWords.ms);
      }
    }
    if (!hasEnded(child)) await killTree(child.pid);
    await child.exited;
    // Children need a moment to notice that their parent has ended. Any that do not notice are killed.
    await allGone(tree, 2_000).catch(() => killAll(tree));
    forget(child);
  }

  async function kill(): Promise<void> {
    isWanted = false;
    const child = running;
    if (!child) return;
    await killTree(child.pid);
    await child.exited;
    forget(child);
  }

  function forget(child: Bun.Subprocess): void {
    if (running !== child) return;
    running = undefined;
    dropLease(dataDir);
  }

  await start(options.signal);
  return {
    name: recipe.name,
    product: recipe.product,
    url: recipe.url,
    port: recipe.port,
    get pid() {
      if (!running) throw new Error(`${recipe.product} is not running`);
      return running.pid;
    },
    stop,
    kill,
    async restart() {
      await stop();
      await start();
    },
  };
}

function howItEnded(child: Bun.Subprocess): string {
  return child.signalCode ? `was terminated by ${child.signalCode}` : `exited with code ${child.exitCode}`;
}
