import { messageOf } from "../errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection closed before the reply was complete",
  ENOTFOUND: "unknown host name",
  EAI_AGAIN: "host name lookup failed temporarily",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
};

/**
 * Describes why a request failed in words that fit into a sentence, unlike Bun's own messages, which are whole
 * sentences. `limitMs` is the time limit of the request's signal, if it has one.
 */
export function fetchFailure(error: unknown, limitMs?: number): string {
  const { name, code } = Object(error) as { name?: unknown; code?: unknown };
  if (name === "TimeoutError" && limitMs !== undefined) return `no reply within ${limitMs / 1_000} s`;
  return REASONS[String(code)] ?? messageOf(error);
}
