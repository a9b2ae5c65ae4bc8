import type { StreamMessage } from "../../contracts/api-queries.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import { fullJitter, pause } from "../async.ts";
import { ApiError } from "./api-error.ts";
import { refusalOf, unreachable, urlOf } from "./call-route.ts";
import { createEventParser } from "./event-parser.ts";

/**
 * The updates of a stream, in order. After `connected` with `resumed: false`, or deltas with `dropped` above 0, a
 * follower may have missed events and should reload its lists.
 */
export type StreamUpdate =
  | StreamMessage
  | { readonly kind: "connected"; readonly resumed: boolean }
  | { readonly kind: "disconnected"; readonly error: ApiError; readonly retryInMs: number };

export interface FollowOptions {
  /** Ends the stream when it aborts; the iteration finishes without an error. */
  readonly signal: AbortSignal;
  /** The event id to resume after; by default, only new events are sent. */
  readonly lastEventId?: string;
  /** How long a connection may be silent before it counts as lost; the service sends a comment every 15 s. */
  readonly silenceMs?: number;
  readonly maxRetryMs?: number;
}

const FIRST_RETRY_MS = 500;

/**
 * Follows the live stream until `signal` aborts. After a lost connection, reconnects and resumes after the last event
 * id. It never gives up: the pauses between tries use exponential backoff and full jitter. Reads from the connection
 * only as fast as the consumer iterates.
 */
export async function* followStream(
  baseUrl: () => string,
  { signal, lastEventId, silenceMs = 45_000, maxRetryMs = 30_000 }: FollowOptions,
): AsyncGenerator<StreamUpdate, void, undefined> {
  let last = lastEventId;
  let baseMs = FIRST_RETRY_MS;
  let failures = 0;
  while (!signal.aborted) {
    const connection = new AbortController();
    try {
      const chunks = await connect(baseUrl(), last, AbortSignal.any([signal, connection.signal]), silenceMs);
      yield { kind: "connected", resumed: last !== undefined };
      const parser = createEventParser((ms) => {
        baseMs = ms;
      });
      for await (const chunk of chunks) {
        for (const { id, data } of parser.push(chunk)) {
          failures = 0;
          if (data !== undefined) yield JSON.parse(data) as StreamMessage;
          // Recorded only once the consumer has taken the event, so an event lost before that is sent again.
          last = id ?? last;
        }
      }
      throw new ApiError("UNREACHABLE", "The service ended the stream");
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toApiError(baseUrl(), thrown);
      // The feed no longer has this id. The next connection therefore starts with new events, and `resumed: false`
      // tells the consumer that events may be missing.
      if (error.code === "INVALID_CURSOR") last = undefined;
      const retryInMs = retryDelay(error, failures++, baseMs, maxRetryMs);
      yield { kind: "disconnected", error, retryInMs };
      await pause(retryInMs, signal);
    } finally {
      connection.abort();
    }
  }
}

function retryDelay(error: ApiError, failures: number, baseMs: number, capMs: number): number {
  if (error.code === "INVALID_CURSOR" && failures === 0) return 0;
  return (error.retryAfterMs ?? 0) + fullJitter(failures, baseMs, capMs);
}

async function connect(
  baseUrl: string,
  last: string | undefined,
  signal: AbortSignal,
  silenceMs: number,
): Promise<AsyncIterable<string>> {
  const url = urlOf(READ_MODEL_ROUTES.stream, baseUrl, {});
  const silence = createSilence(silenceMs, baseUrl);
  const response = await fetch(url, {
    headers: { accept: "text/event-stream", ...(last !== undefined && { "last-event-id": last }) },
    signal: AbortSignal.any([signal, silence.signal]),
  }).catch((error: unknown) => {
    silence.end();
    throw silence.signal.aborted ? silence.signal.reason : error;
  });
  if (response.ok && response.body && isEventStream(response)) return textOf(response.body, silence);
  silence.end();
  throw refusalOf(url, response, await response.text());
}

const isEventStream = ({ headers }: Response) => headers.get("content-type")?.includes("text/event-stream");

async function* textOf(
  body: ReadableStream<Uint8Array>,
  silence: ReturnType<typeof createSilence>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) {
      // The timer runs only while the client waits for the service, so a slow consumer is not mistaken for a silent
      // service.
      silence.pause();
      yield decoder.decode(chunk, { stream: true });
      silence.start();
    }
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error;
  } finally {
    silence.end();
  }
}

/** Creates a signal that aborts once the service has been silent for too long. */
function createSilence(ms: number, baseUrl: string) {
  const abort = new AbortController();
  const reason = new ApiError("TIMED_OUT", `${baseUrl} sent nothing for ${ms} ms`);
  let timer: Timer | undefined;
  const pause = () => clearTimeout(timer);
  const start = () => {
    pause();
    timer = setTimeout(() => abort.abort(reason), ms);
  };
  start();
  return { signal: abort.signal, start, pause, end: pause };
}

function toApiError(baseUrl: string, thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof SyntaxError)
    return new ApiError("UNEXPECTED_REPLY", `${baseUrl} sent an event that is not JSON`, { cause: thrown });
  return unreachable(baseUrl, thrown);
}
