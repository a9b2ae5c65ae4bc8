import { orAbort, untilItSucceeds } from "../async.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";

/** Retries an attempt until it succeeds, and logs only the first failure. Rejects when `signal` aborts. */
export async function waitForEngines(
  attempt: () => Promise<void>,
  { log, signal = new AbortController().signal }: { log: Log; signal?: AbortSignal | undefined },
): Promise<void> {
  let isLogged = false;
  const onError = (error: unknown) => {
    if (!isLogged) log.warn("Waiting for the observation engines", { reason: messageOf(error) });
    isLogged = true;
  };
  await orAbort(untilItSucceeds(attempt, { signal, capMs: 1_000, onError }), signal);
}
