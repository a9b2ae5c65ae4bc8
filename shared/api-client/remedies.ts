import type { ApiErrorCode } from "./error-code.ts";

/** The remedy for each kind of failed call, as a short imperative sentence. */
export const REMEDIES: Readonly<Record<ApiErrorCode, string>> = {
  MALFORMED_JSON: "Check the JSON for a missing quote or comma",
  VALIDATION_FAILED: "Correct the fields named above",
  UNKNOWN_JOB_TYPE: "Choose one of the types that GET /job-types lists",
  PAYLOAD_TOO_LARGE: "Send less, or raise the gateway's MAX_PAYLOAD_BYTES",
  PAYLOAD_TOO_DEEP: "Flatten the payload",
  UNSUPPORTED_MEDIA_TYPE: "Send the body as application/json",
  INVALID_QUERY: "Correct the parameter named above",
  INVALID_CURSOR: "Start again from the first page",
  MALFORMED_PATH: "Percent-encode the path as UTF-8",
  INVALID_ID: "Pass a job's whole id, or at least its last 4 digits",
  IDEMPOTENCY_CONFLICT: "Use another idempotency key, or send the same job as before",
  JOB_NOT_FOUND: "Check the id; `odd-dashboard jobs` lists the newest",
  JOB_PRUNED: "To keep jobs longer, raise the processor's JOB_RETENTION_HOURS or FAILED_JOB_RETENTION_HOURS",
  DEAD_LETTER_NOT_FOUND: "Check the id; `odd-dashboard dead-letters list` shows the remaining ones",
  ACTION_NOT_FOUND: "Check the id; an action is forgotten a week after it was requested",
  JOB_STATE_CONFLICT:
    "Look at the job's status first: only waiting or running jobs can be cancelled, and only failed or cancelled ones retried",
  DEAD_LETTER_STATE_CONFLICT: "Look at the dead letter first; it may have been replayed already",
  ROUTE_NOT_FOUND:
    "Check that GATEWAY_URL and READ_MODEL_URL name the right services, and that client and services have the same version",
  METHOD_NOT_ALLOWED: "Check that GATEWAY_URL and READ_MODEL_URL name the right services",
  ORIGIN_REFUSED: "Call the service as 127.0.0.1 or localhost, or add the name to its ALLOWED_ORIGINS",
  READ_ONLY: "Use another gateway, or start this one with READ_ONLY=false",
  UNAUTHORIZED: "Pass the credentials that the service expects",
  REQUEST_TIMEOUT: "Send the whole body at once, over a faster connection",
  OVERLOADED: "Wait a moment and try again, or send fewer requests at once",
  BUS_UNAVAILABLE: "Start the message broker; `odd-dashboard doctor` shows what is reachable",
  STORE_UNAVAILABLE: "Start the store; `odd-dashboard doctor` shows what is reachable",
  PROCESSOR_UNAVAILABLE: "Start a processor; `odd-dashboard doctor` shows what is reachable",
  STOPPING: "Try again once the service has restarted",
  INTERNAL_ERROR: "Look for the correlation id in the service's log",
  UNREACHABLE: "Start the system with `bun run dev`, or set READ_MODEL_URL and GATEWAY_URL to where it runs",
  TIMED_OUT: "Try again; `odd-dashboard doctor` shows which service answers",
  UNEXPECTED_REPLY: "Check that GATEWAY_URL and READ_MODEL_URL name the right services",
};
