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

/** Returns a dead letter's cause: its reason and detail, without numbers and ids, which differ each time. */
export function causeOf({ reason, detail }: DeadLetter): string {
  return `${reason} ${detail.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/gi, "#")}`;
}

/** Groups dead letters by cause, most frequent first. */
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

/** The length limit for a filter's text. */
const MAX_TEXT = 200;

/**
 * Returns a filter for the dead letters with the same cause. It matches the reason and those words of the detail that
 * have no digits, so it may also match a few other dead letters that contain all of these words.
 */
export function filterOfCause({ reason, detail }: DeadLetter): DeadLetterFilter {
  const words = detail.split(/\s+/).filter((word) => word !== "" && !/\d/.test(word));
  while (words.join(" ").length > MAX_TEXT) words.pop();
  return { reason, ...(words.length > 0 && { text: words.join(" ") }) };
}
