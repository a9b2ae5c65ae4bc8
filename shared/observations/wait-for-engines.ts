import { orAbort, untilItSucceeds } from "../async.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";

/** Try until it succeeds; says once that it waits. Rejects when `signal` aborts. */
export async function waitForEngines(
  attempt: () => Promise<void>,
  { log, signal = new AbortController().signal }: { log: Log; signal?: AbortSignal | undefined },
): Promise<void> {
  let told = false;
  const onError = (error: unknown) => {
    if (!told) log.warn("Waiting for the engines of observations", { reason: messageOf(error) });
    told = true;
  };
  await orAbort(untilItSucceeds(attempt, { signal, capMs: 1_000, onError }), signal);
}
