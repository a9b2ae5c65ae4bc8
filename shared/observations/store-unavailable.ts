import { within } from "../async.ts";
import { AppError, messageOf } from "../errors.ts";

export type Engine = "mongodb" | "redis" | "postgres";

/**
 * Calls an engine, and turns any error into `STORE_UNAVAILABLE` with the engine's name and the cause. An error that
 * already names the engine is rethrown unchanged.
 */
export async function orUnavailable<T>(engine: Engine, what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof AppError && cause.facts?.engine === engine) throw cause;
    throw new AppError("STORE_UNAVAILABLE", `Could not ${what} in ${engine}: ${messageOf(cause)}`, {
      facts: { engine },
      cause,
    });
  }
}

/** Resolves to whether a call succeeds within `ms`. Never rejects. */
export function answers(ask: () => Promise<unknown>, ms = 1_000): Promise<boolean> {
  return within(ms, ask()).then(
    () => true,
    // Only whether the call failed matters here; the connection logs the reason.
    () => false,
  );
}
