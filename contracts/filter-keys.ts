import { DEAD_LETTER_REASONS } from "./dead-letter.ts";
import { JOB_STATUSES } from "./job.ts";
import { statusWord } from "./status-words.ts";

/** The kinds of value. A key of a plural kind takes a list and matches any of its values; other keys take one value. */
export type FilterValue = "statuses" | "reasons" | "types" | "names" | "name" | "uuid" | "time" | "text";

/** A filter key, usable as a query parameter, as a field of a JSON body and as a term in a line of text. */
export interface FilterKey {
  readonly takes: FilterValue;
  /** Shorter aliases. */
  readonly also: readonly string[];
  readonly description: string;
  /** An example value, as a user would type it. */
  readonly example: string;
}

const time = (what: string, side: "after" | "before", example: string): FilterKey => ({
  takes: "time",
  also: [],
  description: `${what} ${side} a time, given in RFC 3339 with an offset or as an age such as 5m, 2h or 1d`,
  example,
});

/** The keys of a job filter, in addition to `payload.<field>`. A job must match every key that is set. */
export const JOB_FILTER_KEYS = {
  status: {
    takes: "statuses",
    also: [],
    description:
      "Jobs in any of these statuses, given by name (`VALIDATED`) or as the word that people see (`waiting`), ignoring case",
    example: "failed,cancelled",
  },
  type: { takes: "types", also: [], description: "Jobs of any of these types", example: "hash" },
  text: {
    takes: "text",
    also: [],
    description:
      "Jobs whose payload or error contains these words (the last one may be a prefix), whose id starts with this text, or whose type contains it",
    example: "timeout",
  },
  errorCode: {
    takes: "names",
    also: ["error"],
    description: "Jobs whose newest error has any of these codes",
    example: "DEADLINE_EXCEEDED",
  },
  fingerprint: {
    takes: "name",
    also: [],
    description:
      "Jobs whose newest error has this fingerprint; errors with the same cause have the same fingerprint",
    example: "5f2c0e6b9a41d377",
  },
  workerId: {
    takes: "name",
    also: ["worker"],
    description: "Jobs whose newest attempt ran on this worker",
    example: "desk-4711-1",
  },
  parentId: {
    takes: "uuid",
    also: ["parent"],
    description: "Jobs that this job submitted",
    example: "0199f1c2-8a4e-7c31-9d55-0242ac120002",
  },
  createdAfter: time("Jobs created", "after", "2h"),
  createdBefore: time("Jobs created", "before", "2026-11-27T09:00:00Z"),
  finishedAfter: time("Jobs that ended with any outcome", "after", "5m"),
  finishedBefore: time("Jobs that ended with any outcome", "before", "1d"),
  failedAfter: time("Jobs that failed permanently", "after", "5m"),
  failedBefore: time("Jobs that failed permanently", "before", "1h"),
} as const satisfies Record<string, FilterKey>;

export const DEAD_LETTER_FILTER_KEYS = {
  reason: {
    takes: "reasons",
    also: [],
    description: "Dead letters with any of these reasons, ignoring case",
    example: "OUT_OF_TRIES",
  },
  type: {
    takes: "types",
    also: [],
    description: "Dead letters of any of these job types. A message that names no type never matches",
    example: "hash",
  },
  text: {
    takes: "text",
    also: [],
    description: "Dead letters whose message or `detail` contains these words (the last one may be a prefix)",
    example: "timeout",
  },
  diedAfter: time("Dead letters whose job or message died", "after", "1h"),
  diedBefore: time("Dead letters whose job or message died", "before", "2026-11-27T09:00:00Z"),
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

/** Returns the key with this name or alias, ignoring case; undefined if there is none. */
export function keyNamed(language: FilterLanguage, name: string): string | undefined {
  const keys = keysOf(language);
  if (Object.hasOwn(keys, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(keys).find((key) => key.toLowerCase() === lower || keys[key]?.also.includes(lower));
}

/** The values of the keys that take only certain words, as users type them. */
export const STATUS_CHOICES: readonly string[] = JOB_STATUSES.map(statusWord);
export const REASON_CHOICES: readonly string[] = DEAD_LETTER_REASONS;
