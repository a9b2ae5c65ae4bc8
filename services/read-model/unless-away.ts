import { AppError } from "../../shared/errors.ts";

/** A store's answer, or the name of the engine that did not answer. */
export type Answer<T> =
  | { readonly value: T; readonly away?: undefined }
  | { readonly value?: undefined; readonly away: string };

/**
 * Turns an unavailable store into a value, for replies that can do without it; rethrows any other error. With
 * `withinMs`, a store silent for that long counts as unavailable, under the name `engine`.
 */
export async function unlessAway<T>(
  asked: Promise<T>,
  { withinMs, engine = "store" }: { withinMs?: number; engine?: string } = {},
): Promise<Answer<T>> {
  let timer: Timer | undefined;
  const silence = new Promise<Answer<T>>((resolve) => {
    if (withinMs !== undefined) timer = setTimeout(() => resolve({ away: engine }), withinMs);
  });
  try {
    return await Promise.race([asked.then((value) => ({ value })), silence]);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "STORE_UNAVAILABLE") throw error;
    return { away: typeof error.facts?.engine === "string" ? error.facts.engine : engine };
  } finally {
    clearTimeout(timer);
  }
}
