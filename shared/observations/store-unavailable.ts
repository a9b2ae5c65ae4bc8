import { AppError, messageOf } from "../errors.ts";

export type Engine = "mongodb" | "redis" | "postgres";

/** Runs one call of an engine; whatever it throws becomes `STORE_UNAVAILABLE` with the engine's name and the cause. */
export async function asking<T>(engine: Engine, what: string, call: () => Promise<T>): Promise<T> {
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

/** Whether a promise resolves within `ms`; never rejects. */
export async function answers(ask: () => Promise<unknown>, ms = 1_000): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([
      ask().then(
        () => true,
        // Only the fact is asked for here; the reason is logged where the connection is watched.
        () => false,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
