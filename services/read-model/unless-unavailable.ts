import { AppError } from "../../shared/errors.ts";

/** What a store returned, or the name of its engine if it is unavailable. */
export type Answer<T> =
  | { readonly value: T; readonly unavailable?: undefined }
  | { readonly value?: undefined; readonly unavailable: string };

/**
 * Resolves to what a store returned or, if the store is unavailable, to the name of its engine. This is for replies
 * that can do without that store. Rejects with any other error. A store that has not answered within `withinMs` counts
 * as unavailable and is reported as `engine`.
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
