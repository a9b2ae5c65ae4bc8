import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";
import { isRefusedValue, isUnavailable } from "./postgres.ts";

/** Rounds in which an entry fails alone, while the store accepts other writes, before it is parked. */
const ROUNDS = 3;
/** How many failing entries are remembered, or as many as one call has; they come again at once or never. */
const MAX_REMEMBERED = 1_000;

/** A faulty entry: the store refuses its values, or it keeps failing alone for an unknown reason. */
export interface Condemned<T> {
  readonly entry: T;
  readonly why: "refused" | "parked";
  readonly error: unknown;
}

export interface IsolationOptions<T> {
  /** Resolves when the store accepts such a write now; leaves nothing behind. */
  readonly probe: () => Promise<void>;
  /** Equal when an entry comes again. */
  readonly keyOf: (entry: T) => string;
  /** Most entries in one write; all of a call's when left out. */
  readonly maxTogether?: number;
  readonly log: Log;
}

/**
 * Writes entries together, and finds the faulty ones when that fails. A failure is judged as follows:
 *
 * - *Refused value* (SQLSTATE classes 22, 23, 54): several entries are halved until one is left; a single one is
 *   condemned.
 * - *Unavailable store*: rejects; the caller keeps the batch and retries after a pause.
 * - *Anything else* (a timeout, a missing table, an unknown error): the probe decides. If it fails too, the store is
 *   in trouble and the call rejects. Otherwise entries are halved, and one that fails alone in three rounds is parked.
 *   The call rejects before an entry's third round, so that rounds are separated by the caller's pause. A parked entry
 *   stays parked while the call rejects for another one; otherwise two that began to fail in different rounds would
 *   never finish.
 *
 * Resolves to the condemned entries once all others are written. `write` may be called again with what it has already
 * written.
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
