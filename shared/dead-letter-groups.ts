import type { DeadLetter } from "../contracts/dead-letter.ts";
import type { DeadLetterFilter } from "../contracts/filter-schema.ts";

/** Dead letters with the same cause. */
export interface DeadLetterGroup {
  readonly key: string;
  readonly reason: string;
  readonly detail: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The cause of a dead letter: its reason and detail, without the numbers and ids that differ each time. */
export function causeOf({ reason, detail }: DeadLetter): string {
  return `${reason} ${detail.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/gi, "#")}`;
}

/** Groups by cause, the most frequent first. */
export function groupsOf(letters: readonly DeadLetter[]): DeadLetterGroup[] {
  const groups = new Map<string, DeadLetterGroup>();
  for (const letter of letters) {
    const key = causeOf(letter);
    const at = Date.parse(letter.diedAt);
    const { count = 0, firstAt = at, lastAt = at, detail = letter.detail } = groups.get(key) ?? {};
    groups.set(key, {
      key,
      reason: letter.reason,
      detail,
      count: count + 1,
      firstAt: Math.min(firstAt, at),
      lastAt: Math.max(lastAt, at),
    });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || b.lastAt - a.lastAt);
}

/** Longest text that a filter takes. */
const MAX_TEXT = 200;

/**
 * The filter that matches the dead letters of a cause: its reason, and the words of its detail that do not differ each
 * time. It may match a few more, whose message has all of these words.
 */
export function filterOfCause({ reason, detail }: DeadLetter): DeadLetterFilter {
  const words = detail.split(/\s+/).filter((word) => word !== "" && !/\d/.test(word));
  while (words.join(" ").length > MAX_TEXT) words.pop();
  return { reason, ...(words.length > 0 && { text: words.join(" ") }) };
}
