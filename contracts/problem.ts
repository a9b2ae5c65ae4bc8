import { type Static, Type } from "@sinclair/typebox";
import { published, StringEnum } from "./schema.ts";

interface ProblemDefinition {
  readonly status: number;
  readonly title: string;
  /** Whether the same request, unchanged, may succeed later. */
  readonly retryable: boolean;
}

/** Every refusal that the system can return, by its stable code. Adding a code is compatible; renaming one is not. */
export const PROBLEMS = {
  MALFORMED_JSON: { status: 400, title: "The body is not valid JSON", retryable: false },
  VALIDATION_FAILED: { status: 422, title: "The request breaks its contract", retryable: false },
  UNKNOWN_JOB_TYPE: { status: 422, title: "The job type does not exist", retryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, title: "The payload is too large", retryable: false },
  PAYLOAD_TOO_DEEP: { status: 422, title: "The payload is nested too deeply", retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: "The body must be application/json", retryable: false },
  INVALID_QUERY: { status: 400, title: "A query parameter is not valid", retryable: false },
  INVALID_CURSOR: { status: 400, title: "The cursor was not issued by this API", retryable: false },
  MALFORMED_PATH: { status: 400, title: "The percent-encoding of the path is not valid", retryable: false },
  INVALID_ID: { status: 400, title: "The id is not a UUID", retryable: false },
  IDEMPOTENCY_CONFLICT: {
    status: 422,
    title: "The idempotency key was used with another body",
    retryable: false,
  },
  JOB_NOT_FOUND: { status: 404, title: "The job does not exist", retryable: false },
  JOB_PRUNED: { status: 410, title: "The job was deleted by retention or a purge", retryable: false },
  DEAD_LETTER_NOT_FOUND: { status: 404, title: "The dead letter does not exist", retryable: false },
  ACTION_NOT_FOUND: { status: 404, title: "The action does not exist", retryable: false },
  JOB_STATE_CONFLICT: { status: 409, title: "The job's status does not allow this", retryable: false },
  DEAD_LETTER_STATE_CONFLICT: {
    status: 409,
    title: "The dead letter's state does not allow this",
    retryable: false,
  },
  ROUTE_NOT_FOUND: { status: 404, title: "The route does not exist", retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, title: "The route does not support this method", retryable: false },
  ORIGIN_REFUSED: { status: 403, title: "This origin or host is not allowed", retryable: false },
  READ_ONLY: { status: 403, title: "This gateway is read-only", retryable: false },
  UNAUTHORIZED: { status: 401, title: "Credentials are missing or wrong", retryable: false },
  REQUEST_TIMEOUT: { status: 408, title: "The body did not arrive in time", retryable: false },
  OVERLOADED: { status: 429, title: "Too many requests are in flight", retryable: true },
  BUS_UNAVAILABLE: { status: 503, title: "The message broker does not answer", retryable: true },
  STORE_UNAVAILABLE: { status: 503, title: "A store does not answer", retryable: true },
  PROCESSOR_UNAVAILABLE: { status: 503, title: "No processor answers", retryable: true },
  STOPPING: { status: 503, title: "The service is stopping", retryable: true },
  UNREACHABLE: { status: 502, title: "The service behind this URL is not responding", retryable: true },
  INTERNAL_ERROR: { status: 500, title: "Something went wrong on our side", retryable: false },
} as const satisfies Record<string, ProblemDefinition>;

export type ProblemCode = keyof typeof PROBLEMS;
export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[];

/** RFC 9457 problem details, extended with a stable `code` and the correlation id. */
export const Problem = published(
  "problem",
  "1.4.2",
  Type.Object({
    type: Type.String({ description: "about:blank, or the URL of a page that explains the code" }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    code: StringEnum(PROBLEM_CODES),
    detail: Type.Optional(
      Type.String({ description: "The attempted action, the value received and the value expected" }),
    ),
    instance: Type.Optional(Type.String()),
    correlationId: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), { maxItems: 20 }),
    ),
    facts: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: "Facts about this refusal, by name" }),
    ),
  }),
);
export type Problem = Static<typeof Problem>;
