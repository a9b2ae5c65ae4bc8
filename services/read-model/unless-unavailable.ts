import { AppError } from "../../shared/errors.ts";

/** A store's answer, or the name of the unavailable engine. */
export type Answer<T> =
  | { readonly value: T; readonly unavailable?: undefined }
  | { readonly value?: undefined; readonly unavailable: string };

/**
 * Turns an unavailable store into a value, for replies that can do without that store; rethrows any other error. With
 * `withinMs`, a store that stays silent for that long counts as unavailable and is reported as `engine`.
 */
export async function unlessUnavailable<T>(
  answer: Promise<T>,
  { withinMs, engine = "store" }: { withinMs?: number; engine?: string } = {},
): Promise<Answer<T>> {
  let timer: Timer | undefined;
  const silence = new Promise<Answer<T>>((resolve) => {
    if (withinMs !== undefined) timer = setTimeout(() => resolve({ unavailable: engine }), withinMs);
  });
  try {
    return await Promise.race([answer.then((value) => ({ value })), silence]);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "STORE_UNAVAILABLE") throw error;
    return { unavailable: typeof error.facts?.engine === "string" ? error.facts.engine : engine };
  } finally {
    clearTimeout(timer);
  }
}
