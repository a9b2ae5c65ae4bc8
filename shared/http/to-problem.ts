import { PROBLEMS, type Problem } from "../../contracts/problem.ts";
import { AppError } from "../errors.ts";

/**
 * Converts anything thrown to a problem. An `AppError` keeps its message and facts; anything else becomes a 500 without
 * details.
 */
export function toProblem(thrown: unknown, correlationId: string, instance?: string): Problem {
  const code = thrown instanceof AppError ? thrown.code : "INTERNAL_ERROR";
  const { status, title } = PROBLEMS[code];
  const problem: Problem = { type: "about:blank", title, status, code, correlationId };
  if (instance) problem.instance = instance;
  if (thrown instanceof AppError) {
    problem.detail = thrown.message;
    if (thrown.errors) problem.errors = thrown.errors.slice(0, 20);
    if (thrown.facts) problem.facts = { ...thrown.facts };
  }
  return problem;
}

/** Converts anything thrown to a reply, with `Retry-After` if a retry can help (RFC 9110, section 10.2.3). */
export function problemResponse(thrown: unknown, correlationId: string, instance?: string): Response {
  const problem = toProblem(thrown, correlationId, instance);
  const headers: Record<string, string> = {
    "content-type": "application/problem+json",
    "x-correlation-id": correlationId,
    "cache-control": "no-store",
  };
  if (thrown instanceof AppError && thrown.retryAfterSeconds !== undefined)
    headers["retry-after"] = String(Math.max(1, Math.ceil(thrown.retryAfterSeconds)));
  // Closes the connection, because the rest of the body would otherwise be read as the next request.
  if (problem.code === "REQUEST_TIMEOUT") headers.connection = "close";
  if (problem.code === "METHOD_NOT_ALLOWED" && Array.isArray(problem.facts?.allowed))
    headers.allow = problem.facts.allowed.join(", ");
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}
