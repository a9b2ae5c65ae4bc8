import { DEAD_LETTER_REASONS } from "./dead-letter.ts";
import { JOB_STATUSES } from "./job.ts";
import { statusWord } from "./status-words.ts";

/** The kinds of value. A key of a plural kind takes a list and matches any of its values; other keys take one value. */
export type FilterValue = "statuses" | "reasons" | "types" | "names" | "name" | "uuid" | "time" | "text";

/** A filter key: a query parameter, a field in a JSON body, and a term in a line of text. */
export interface FilterKey {
  readonly takes: FilterValue;
  /** Shorter aliases. */
  readonly also: readonly string[];
  readonly description: string;
  /** A value as a user would type it. */
  readonly example: string;
}

const time = (what: string, side: "after" | "before", example: string): FilterKey => ({
  takes: "time",
  also: [],
  description: `${what} ${side} a time: RFC 3339 with an offset, or an age such as 5m, 2h, 1d`,
  example,
});

/** The keys of a job filter, in addition to `payload.<field>`. A job must match every key that is set. */
export const JOB_FILTER_KEYS = {
  status: {
    takes: "statuses",
    also: [],
    description: "Any of these statuses, by name or word, in any case",
    example: "failed,cancelled",
  },
  type: { takes: "types", also: [], description: "Any of these job types", example: "hash" },
  text: {
    takes: "text",
    also: [],
    description:
      "Words of the payload or the error (the last one may be a prefix), the start of an id, or part of a type",
    example: "timeout",
  },
  errorCode: {
    takes: "names",
    also: ["error"],
    description: "Any of these codes of the newest error",
    example: "DEADLINE_EXCEEDED",
  },
  fingerprint: {
    takes: "name",
    also: [],
    description: "The fingerprint of the newest error, shared by errors with one cause",
    example: "5f2c0e6b9a41d377",
  },
  workerId: {
    takes: "name",
    also: ["worker"],
    description: "The worker of the newest attempt",
    example: "desk-4711-1",
  },
  parentId: {
    takes: "uuid",
    also: ["parent"],
    description: "The job that submitted them",
    example: "0199f1c2-8a4e-7c31-9d55-0242ac120002",
  },
  createdAfter: time("Created", "after", "2h"),
  createdBefore: time("Created", "before", "2026-11-27T09:00:00Z"),
  finishedAfter: time("Ended, whatever the outcome,", "after", "5m"),
  finishedBefore: time("Ended, whatever the outcome,", "before", "1d"),
  failedAfter: time("Failed for good", "after", "5m"),
  failedBefore: time("Failed for good", "before", "1h"),
} as const satisfies Record<string, FilterKey>;

export const DEAD_LETTER_FILTER_KEYS = {
  reason: {
    takes: "reasons",
    also: [],
    description: "Any of these reasons, in any case",
    example: "OUT_OF_TRIES",
  },
  type: {
    takes: "types",
    also: [],
    description: "Any of these job types, where the message names one",
    example: "hash",
  },
  text: { takes: "text", also: [], description: "Words of the message or of its fault", example: "timeout" },
  diedAfter: time("Died", "after", "1h"),
  diedBefore: time("Died", "before", "2026-11-27T09:00:00Z"),
} as const satisfies Record<string, FilterKey>;

export const PAYLOAD_PREFIX = "payload.";

/** The filter languages: their keys, and whether they can match payload fields. */
export const FILTER_LANGUAGES = {
  jobs: { keys: JOB_FILTER_KEYS, payload: true },
  deadLetters: { keys: DEAD_LETTER_FILTER_KEYS, payload: false },
} as const satisfies Record<string, { keys: Readonly<Record<string, FilterKey>>; payload: boolean }>;
export type FilterLanguage = keyof typeof FILTER_LANGUAGES;

export const keysOf = (language: FilterLanguage): Readonly<Record<string, FilterKey>> =>
  FILTER_LANGUAGES[language].keys;

/** Returns the key with this name or alias, in any case; undefined if there is none. */
export function keyNamed(language: FilterLanguage, name: string): string | undefined {
  const keys = keysOf(language);
  if (Object.hasOwn(keys, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(keys).find((key) => key.toLowerCase() === lower || keys[key]?.also.includes(lower));
}

/** The values of the keys that take only certain words, as users type them. */
export const STATUS_CHOICES: readonly string[] = JOB_STATUSES.map(statusWord);
export const REASON_CHOICES: readonly string[] = DEAD_LETTER_REASONS;
