import type { Problem } from "../../contracts/problem.ts";
import type { Route } from "../../contracts/route.ts";
import { fetchFailure } from "../http/fetch-failure.ts";
import { ApiError } from "./api-error.ts";
import { isProblemCode } from "./error-code.ts";
import type { CallOptions } from "./route-call.ts";

/** The parts of a call, which the route's types have already checked. */
export interface CallInput {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

const MAX_SHOWN = 200;

/**
 * Calls a route and returns its JSON. Replies are not checked against their schemas, because a newer service may return
 * further enum values, which clients of the same major version must tolerate. Throws {@link ApiError}, or the signal's
 * reason if the caller aborts.
 */
export async function callRoute(
  route: Route,
  baseUrl: string,
  input: CallInput,
  { signal, timeoutMs }: CallOptions & { timeoutMs: number },
): Promise<unknown> {
  const url = urlOf(route, baseUrl, input);
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      ...requestOf(route, input),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    const text = await response.text();
    if (!response.ok) throw refusalOf(url, response, text);
    return parseReply(url, response.status, text);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ApiError) throw error;
    if (limit.aborted)
      throw new ApiError("TIMED_OUT", `${hostOf(url)} did not answer within ${timeoutMs} ms`, {
        cause: error,
      });
    throw unreachable(url, error);
  }
}

export function urlOf(route: Route, baseUrl: string, { params = {}, query = {} }: CallInput): string {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(params[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    // As in OpenAPI, an array repeats its parameter, and each field of an object is a separate parameter.
    if (Array.isArray(value)) for (const one of value) search.append(name, String(one));
    else if (typeof value === "object" && value !== null)
      for (const [field, one] of Object.entries(value)) search.append(field, String(one));
    else if (value !== undefined) search.append(name, String(value));
  }
  const text = search.toString();
  return `${baseUrl}${path}${text && `?${text}`}`;
}

export function unreachable(url: string, cause: unknown): ApiError {
  return new ApiError("UNREACHABLE", `Nothing answers at ${hostOf(url)}: ${fetchFailure(cause)}`, { cause });
}

/** Converts an unsuccessful reply to an error, whether or not its body has problem details (RFC 9457). */
export function refusalOf(url: string, response: Response, text: string): ApiError {
  const { status } = response;
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1_000 : undefined;
  const problem = readProblem(text);
  if (!problem)
    return new ApiError(
      "UNEXPECTED_REPLY",
      `${url} answered ${status} without problem details: ${shown(text)}`,
      {
        status,
        retryAfterMs,
      },
    );
  const sentence = problem.detail ?? problem.title;
  // Leave out faults that `sentence` already mentions.
  const fields = (problem.errors ?? [])
    .filter(({ path, message }) => sentence !== message && !sentence.includes(` at ${path}: `))
    .map(({ path, message }) => `${path || "the body"}: ${message}`);
  const detail = [sentence, ...fields].join("; ");
  // A newer service may return a code that this client does not know.
  const code = isProblemCode(problem.code) ? problem.code : "UNEXPECTED_REPLY";
  return new ApiError(code, detail, { status, problem, retryAfterMs });
}

function requestOf(route: Route, { headers = {}, body }: CallInput): RequestInit {
  const sent: Record<string, string> = { accept: route.reply.contentType ?? "application/json" };
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent[name] = String(value);
  if (body === undefined) return { method: route.method, headers: sent };
  sent["content-type"] = "application/json";
  return { method: route.method, headers: sent, body: JSON.stringify(body) };
}

function parseReply(url: string, status: number, text: string): unknown {
  try {
    const reply: unknown = JSON.parse(text);
    if (typeof reply === "object" && reply !== null) return reply;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ApiError(
    "UNEXPECTED_REPLY",
    `${url} answered ${status} with something other than JSON: ${shown(text)}`,
    {
      status,
    },
  );
}

function readProblem(text: string): Problem | undefined {
  try {
    const found = JSON.parse(text) as Partial<Problem> | null;
    return typeof found?.code === "string" && typeof found.title === "string"
      ? (found as Problem)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const hostOf = (url: string) => new URL(url).origin;
const shown = (text: string) => JSON.stringify(text.slice(0, MAX_SHOWN));
