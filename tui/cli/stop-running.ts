import { join } from "node:path";
import { pause } from "../../shared/async.ts";
import { findRunningState, readState, STATE_FILE_NAME } from "../../shared/dev-state.ts";
import { isSameProcess, signalProcess } from "../../shared/process-tree.ts";
import type { CliContext } from "./context.ts";
import { CliError } from "./failure.ts";

/**
 * How long to wait for the running system to end. This exceeds the time that the system itself waits for its services
 * and engines to stop.
 */
const PATIENCE_MS = 90_000;
const LOOK_EVERY_MS = 50;

/** Stops the system running from this folder, as Ctrl-C would, and waits until it has ended. */
export async function stopRunning({ line, signal }: CliContext, dataDir: string | undefined): Promise<void> {
  const state =
    dataDir === undefined ? findRunningState(process.cwd()) : readState(join(dataDir, STATE_FILE_NAME));
  if (!state || !isSameProcess(state.owner))
    throw new CliError(
      1,
      "No system is running from this folder",
      "Run this in the folder where the system was started; for containers, run `odd-dashboard down --tier compose`",
      "NOTHING_RUNS",
    );
  const { owner } = state;
  line(`Stopping process ${owner.pid}, running since ${state.since}`);
  signalProcess(owner.pid, "SIGTERM");
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (isSameProcess(owner)) {
    if (performance.now() > giveUpAt)
      throw new CliError(
        1,
        `Process ${owner.pid} has not ended after ${PATIENCE_MS / 1_000} s`,
        `Check its output; a second signal kills it: kill ${owner.pid}`,
        "STILL_RUNS",
      );
    await pause(LOOK_EVERY_MS, signal);
    signal.throwIfAborted();
  }
  line("Stopped");
}
