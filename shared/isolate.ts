import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";
import { isAway, isRefusedValue } from "./postgres.ts";

/** Rounds in which an entry fails alone, while the store takes other writes, before it is parked. */
const ROUNDS = 3;
/** Entries whose failures are remembered, or as many as one call has; they come again at once or never. */
const MAX_REMEMBERED = 1_000;

/** An entry at fault: the store refuses its values, or it keeps failing alone for a reason that is not known. */
export interface Condemned<T> {
  readonly entry: T;
  readonly why: "refused" | "parked";
  readonly error: unknown;
}

export interface IsolationOptions<T> {
  /** Resolves when the store takes such a write now; leaves nothing behind. */
  readonly probe: () => Promise<void>;
  /** Equal for an entry that comes again. */
  readonly keyOf: (entry: T) => string;
  /** Entries in one write at most; as many as a call has when left out. */
  readonly maxTogether?: number;
  readonly log: Log;
}

/**
 * Writes entries together, and finds the ones at fault when that fails. How a failure is judged:
 *
 * - *Refused value* (SQLSTATE classes 22, 23, 54) of several entries: they are halved until one is left. Of one entry:
 *   it is condemned.
 * - *Unavailable store*: rejects; the caller holds the batch and tries again after a pause.
 * - *Anything else* (a timeout, a missing table, an unknown error): the probe decides. If that fails too, it is the
 *   store's trouble and rejects. Otherwise entries are halved, and one that fails alone in three rounds is parked.
 *   Before its third round the call rejects, so that the rounds are apart by the caller's pause. What is parked stays
 *   so while the call rejects for another entry, or two that began to fail in different rounds would end in none.
 *
 * Resolves to the condemned entries when all the others are written. `write` may be called again with what it has
 * already written.
 */
export function createIsolation<T>({ probe, keyOf, maxTogether, log }: IsolationOptions<T>) {
  const rounds = new Map<string, number>();

  async function isStoresTrouble(error: unknown): Promise<boolean> {
    if (isAway(error)) return true;
    if (isRefusedValue(error)) return false;
    try {
      await probe();
      return false;
    } catch (reason) {
      log.debug("The store takes no write at present", { reason: messageOf(reason) });
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
