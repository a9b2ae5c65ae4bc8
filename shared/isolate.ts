import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";
import { isRefusedValue, isUnavailable } from "./postgres.ts";

/**
 * An entry is parked (no longer retried) after failing on its own in this many rounds while the store accepts other
 * writes.
 */
const ROUNDS = 3;
/**
 * For how many failing entries the number of failed rounds is remembered (for every entry of the call, if it has more).
 * Beyond this limit, the oldest entry is forgotten. That is harmless: an entry that has not been redelivered by then
 * never will be.
 */
const MAX_REMEMBERED = 1_000;

/** A faulty entry: the store refuses its values, or it keeps failing on its own for an unknown reason. */
export interface Condemned<T> {
  readonly entry: T;
  readonly why: "refused" | "parked";
  readonly error: unknown;
}

export interface IsolationOptions<T> {
  /** Resolves if the store currently accepts a write of this kind. Must leave nothing behind in the store. */
  readonly probe: () => Promise<void>;
  /** Returns a key that is the same when an entry is redelivered. */
  readonly keyOf: (entry: T) => string;
  /** The maximum number of entries in one write; by default, all entries of a call. */
  readonly maxTogether?: number;
  readonly log: Log;
}

/**
 * Writes entries together and, if that fails, finds the faulty ones. A failure is judged as follows:
 *
 * - *Refused value* (SQLSTATE classes 22, 23, 54): the entries are halved until one fails on its own; that entry is
 *   condemned (returned as faulty).
 * - *Unavailable store*: the call rejects; the caller keeps the batch and retries after a pause.
 * - *Anything else* (a timeout, a missing table, an unknown error): the probe decides. If it also fails, the store is
 *   in trouble and the call rejects. Otherwise the entries are halved, and an entry that fails on its own in three
 *   rounds is parked. In the first two of these rounds the call rejects, so the caller pauses before it tries again.
 *   When the call rejects because of one entry, other entries that have already failed in three rounds keep their
 *   count; otherwise two entries that began to fail in different rounds would never be parked together.
 *
 * Resolves to the condemned entries once all others are written. `write` may be called again with entries that it has
 * already written.
 */
export function createIsolation<T>({ probe, keyOf, maxTogether, log }: IsolationOptions<T>) {
  const rounds = new Map<string, number>();

  async function isStoresTrouble(error: unknown): Promise<boolean> {
    if (isUnavailable(error)) return true;
    if (isRefusedValue(error)) return false;
    try {
      await probe();
      return false;
    } catch (reason) {
      log.debug("The store accepts no writes at present", { reason: messageOf(reason) });
      return true;
    }
  }

  function judge(entry: T, error: unknown, room: number): Condemned<T> | undefined {
    const key = keyOf(entry);
    if (isRefusedValue(error)) return { entry, why: "refused", error };
    const failed = (rounds.get(key) ?? 0) + 1;
    rounds.delete(key);
    const [oldest] = rounds.keys();
    if (oldest !== undefined && rounds.size >= room) rounds.delete(oldest);
    rounds.set(key, failed);
    return failed >= ROUNDS ? { entry, why: "parked", error } : undefined;
  }

  return async function writeAll(
    entries: readonly T[],
    write: (part: readonly T[]) => Promise<void>,
  ): Promise<Condemned<T>[]> {
    const condemned: Condemned<T>[] = [];
    const unclear: unknown[] = [];

    async function attempt(part: readonly T[]): Promise<void> {
      try {
        await write(part);
      } catch (error) {
        if (await isStoresTrouble(error)) throw error;
        const [only] = part;
        if (part.length > 1 || only === undefined) {
          const half = Math.ceil(part.length / 2);
          await attempt(part.slice(0, half));
          await attempt(part.slice(half));
          return;
        }
        const verdict = judge(only, error, Math.max(MAX_REMEMBERED, entries.length));
        if (verdict) condemned.push(verdict);
        else unclear.push(error);
      }
    }

    const size = maxTogether ?? entries.length;
    for (let i = 0; i < entries.length; i += size) await attempt(entries.slice(i, i + size));
    if (unclear.length > 0) throw unclear[0];
    if (rounds.size > 0) for (const entry of entries) rounds.delete(keyOf(entry));
    return condemned;
  };
}
