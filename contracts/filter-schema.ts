import { type Static, type TSchema, Type } from "@sinclair/typebox";
import type { DeadLetterReason } from "./dead-letter.ts";
import { DEAD_LETTER_FILTER_KEYS, JOB_FILTER_KEYS, REASON_CHOICES, STATUS_CHOICES } from "./filter-keys.ts";
import { JOB_STATUSES, type JobStatus } from "./job.ts";
import { StringEnum, Timestamp, Uuid } from "./schema.ts";

/** The maximum length of a filter that is written as one line of text. */
export const MAX_FILTER_TEXT = 2_000;
export const MAX_FILTER_VALUES = 20;
export const MAX_PAYLOAD_FIELDS = 10;

const Age = Type.String({
  pattern: "^\\d{1,6}(?:ms|s|m|h|d|w)$",
  description: "An age such as 30s, 5m, 2h or 1d",
});
const FilterTime = Type.Union([Timestamp, Age]);
const Name = Type.String({ minLength: 1, maxLength: 200 });
const TypeName = Type.String({ maxLength: 64 });
const Scalar = Type.Union([
  Type.String({ maxLength: MAX_FILTER_TEXT }),
  Type.Number(),
  Type.Boolean(),
  Type.Null(),
]);

/**
 * Accepts a status in upper or lower case, or the word that users see for it. The static type contains only the
 * upper-case statuses, because reading a filter converts every spelling to the status in upper case.
 */
const StatusName = Type.Unsafe<JobStatus>(StringEnum(spellings(JOB_STATUSES, STATUS_CHOICES)));
const ReasonName = Type.Unsafe<DeadLetterReason>(StringEnum(spellings(REASON_CHOICES, [])));

function spellings(names: readonly string[], words: readonly string[]): string[] {
  return [...new Set([...names, ...names.map((name) => name.toLowerCase()), ...words])];
}

const oneOrMore = <T extends TSchema>(item: T) =>
  Type.Union([item, Type.Array(item, { minItems: 1, maxItems: MAX_FILTER_VALUES })]);
const described = <T extends TSchema>(schema: T, description: string) =>
  Type.Optional({ ...schema, description } as T);

/** A filter for jobs as JSON. Every field must match; a list matches any of its values. */
export const JobFilter = Type.Object(
  {
    status: described(oneOrMore(StatusName), JOB_FILTER_KEYS.status.description),
    type: described(oneOrMore(TypeName), JOB_FILTER_KEYS.type.description),
    text: described(Name, JOB_FILTER_KEYS.text.description),
    errorCode: described(oneOrMore(Name), JOB_FILTER_KEYS.errorCode.description),
    fingerprint: described(Name, JOB_FILTER_KEYS.fingerprint.description),
    workerId: described(Name, JOB_FILTER_KEYS.workerId.description),
    parentId: described(Uuid, JOB_FILTER_KEYS.parentId.description),
    createdAfter: described(FilterTime, JOB_FILTER_KEYS.createdAfter.description),
    createdBefore: described(FilterTime, JOB_FILTER_KEYS.createdBefore.description),
    finishedAfter: described(FilterTime, JOB_FILTER_KEYS.finishedAfter.description),
    finishedBefore: described(FilterTime, JOB_FILTER_KEYS.finishedBefore.description),
    failedAfter: described(FilterTime, JOB_FILTER_KEYS.failedAfter.description),
    failedBefore: described(FilterTime, JOB_FILTER_KEYS.failedBefore.description),
    payload: Type.Optional(
      Type.Record(Type.String(), oneOrMore(Scalar), {
        maxProperties: MAX_PAYLOAD_FIELDS,
        description:
          "Jobs whose top-level payload fields have these values; a list matches any of its values",
      }),
    ),
  },
  { additionalProperties: false },
);
export type JobFilter = Static<typeof JobFilter>;

/** A filter for dead letters as JSON. */
export const DeadLetterFilter = Type.Object(
  {
    reason: described(oneOrMore(ReasonName), DEAD_LETTER_FILTER_KEYS.reason.description),
    type: described(oneOrMore(TypeName), DEAD_LETTER_FILTER_KEYS.type.description),
    text: described(Name, DEAD_LETTER_FILTER_KEYS.text.description),
    diedAfter: described(FilterTime, DEAD_LETTER_FILTER_KEYS.diedAfter.description),
    diedBefore: described(FilterTime, DEAD_LETTER_FILTER_KEYS.diedBefore.description),
  },
  { additionalProperties: false },
);
export type DeadLetterFilter = Static<typeof DeadLetterFilter>;

export interface Filters {
  jobs: JobFilter;
  deadLetters: DeadLetterFilter;
}

/** A filter as one line of text, such as `status:failed type:hash payload.user:1 failedAfter:5m some text`. */
export const FilterText = Type.String({
  minLength: 1,
  maxLength: MAX_FILTER_TEXT,
  description: "A whole filter as one line, such as `status:failed type:hash failedAfter:5m some text`",
});

const { payload: _, ...jobParameters } = JobFilter.properties;

/**
 * The query parameters that filter a job list: `filter` (a whole filter as one line), a parameter for each filter key,
 * and a parameter for each payload field.
 */
export const JOB_FILTER_QUERY = {
  filter: Type.Optional(FilterText),
  ...jobParameters,
  "payload.<field>": Type.Optional(
    Type.Record(Type.String({ pattern: "^payload\\..+$" }), Type.String(), {
      description:
        "One parameter for each top-level field, such as `payload.user=1`. A value in double quotes matches only strings",
      examples: [{ "payload.user": "1" }],
    }),
  ),
};

/** The filter parameters of a dead-letter list. */
export const DEAD_LETTER_FILTER_QUERY = { filter: Type.Optional(FilterText), ...DeadLetterFilter.properties };
