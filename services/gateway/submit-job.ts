import { type Acceptance, type BatchAcceptance, JobRequest } from "../../contracts/api-commands.ts";
import { jobIdOfKey, newJobId } from "../../contracts/ids.ts";
import { PROBLEMS } from "../../contracts/problem.ts";
import { createBatcher } from "../../shared/batcher.ts";
import type { Bus } from "../../shared/bus/port.ts";
import { checkedPayload, jobTypeNamed } from "../../shared/checked-payload.ts";
import { createdEvent, NO_FINGERPRINT } from "../../shared/created-event.ts";
import { AppError } from "../../shared/errors.ts";
import { type EventMaker, joinEnvelopes } from "../../shared/event.ts";
import { fingerprintOf } from "../../shared/fingerprint.ts";
import { createCheck } from "../../shared/http/read-request.ts";
import { toProblem } from "../../shared/http/to-problem.ts";
import { checkPayloadBounds } from "../../shared/payload-bounds.ts";
import type { Tracing } from "../../shared/tracing.ts";
import { beginTrace, type JobTrace } from "./job-trace.ts";
import { createIdempotencyKeys } from "./recent-keys.ts";

const checkRequest = createCheck(JobRequest, "VALIDATION_FAILED", "The job");

export interface SubmitOptions {
  readonly bus: Bus;
  readonly makeEvent: EventMaker;
  readonly tracing: Tracing;
  readonly maxPayloadBytes: number;
  /** Maximum number of jobs awaiting a publisher confirm; further jobs are refused with OVERLOADED. */
  readonly maxInFlight: number;
}

/** Properties of a request that come from outside its body. */
export interface Caller {
  readonly correlationId: string;
  readonly idempotencyKey?: string | undefined;
  readonly traceparent?: string | undefined;
  /** Set when the job arrived in a batch. */
  readonly batch?: true;
}

interface Prepared {
  readonly acceptance: Acceptance;
  readonly envelope: string;
  readonly key: string | undefined;
  readonly fingerprint: string;
  readonly trace: JobTrace | undefined;
}

/** Accepts jobs: checks each one, derives its id and publishes it. */
export function createSubmitter({ bus, makeEvent, tracing, maxPayloadBytes, maxInFlight }: SubmitOptions) {
  const keys = createIdempotencyKeys(10_000);
  // Requests that arrive together share one message and one confirm.
  const publisher = createBatcher<string, void>({
    run: async (envelopes) => {
      await Promise.all(
        messagesOf(envelopes).map((message) => bus.publish("jobs.created", joinEnvelopes(message))),
      );
      return envelopes.map(() => undefined);
    },
    maxBatch: 200,
    maxInFlight: 4,
    maxItems: maxInFlight,
  });

  function prepare(body: unknown, caller: Caller): Prepared {
    const request = checkRequest(body);
    const jobType = jobTypeNamed(request.type);
    const given = request.payload ?? {};
    checkPayloadBounds(given, maxPayloadBytes, "/payload");
    if (request.metadata) checkPayloadBounds(request.metadata, maxPayloadBytes, "/metadata");
    const payload = checkedPayload(jobType, given);

    const { idempotencyKey, payload: _payload, type, ...options } = request;
    const key = caller.idempotencyKey ?? idempotencyKey;
    if (
      caller.idempotencyKey !== undefined &&
      idempotencyKey !== undefined &&
      caller.idempotencyKey !== idempotencyKey
    )
      throw new AppError(
        "VALIDATION_FAILED",
        "The Idempotency-Key header and the body's idempotencyKey differ",
      );
    const jobId = key === undefined ? newJobId() : jobIdOfKey(key);
    const fingerprint =
      key === undefined ? NO_FINGERPRINT : fingerprintOf({ ...options, type, payload: given });
    const trace = beginTrace(tracing, jobId, type, caller);
    const event = createdEvent(
      makeEvent,
      {
        ...options,
        ...(options.originId && { originKind: "edit" }),
        jobId,
        jobType: type,
        payload,
        fingerprint,
      },
      {
        correlationId: caller.correlationId,
        idempotencyKey: key,
        traceparent: trace?.traceparent ?? caller.traceparent,
      },
    );
    return {
      acceptance: { jobId, eventId: event.eventId },
      envelope: JSON.stringify(event),
      key,
      fingerprint,
      trace,
    };
  }

  /** Resolves to whether this call published the job; false if an equal request was already in progress or confirmed. */
  async function publish({ key, fingerprint, envelope }: Prepared): Promise<boolean> {
    if (key !== undefined) return keys.publishOnce(key, fingerprint, () => publisher.add(envelope));
    await publisher.add(envelope);
    return true;
  }

  return {
    /** Number of jobs awaiting a publisher confirm. */
    get inFlight() {
      return publisher.size;
    },
    idle: () => publisher.idle(),

    /** Accepts one job. Resolves once the bus has stored it durably. */
    async submit(body: unknown, caller: Caller): Promise<Acceptance> {
      const prepared = prepare(body, caller);
      const { acceptance, key, fingerprint, trace } = prepared;
      try {
        if (key !== undefined) keys.refuseOtherBody(key, fingerprint);
        const published = await publish(prepared);
        trace?.end(published);
      } catch (error) {
        trace?.fail(error);
        throw error;
      }
      return acceptance;
    },

    /**
     * Accepts or refuses each job separately and reports its index. Rejects only when every job was refused and the
     * first refusal is retryable, for example because the bus is unavailable.
     */
    async submitBatch(bodies: readonly unknown[], caller: Caller): Promise<BatchAcceptance> {
      const outcomes = await Promise.allSettled(bodies.map((body) => this.submit(body, caller)));
      const refusals = outcomes.filter((outcome) => outcome.status === "rejected");
      const first = refusals[0]?.reason;
      if (refusals.length === bodies.length && first instanceof AppError && PROBLEMS[first.code].retryable)
        throw first;
      return {
        accepted: outcomes.length - refusals.length,
        refused: refusals.length,
        results: outcomes.map((outcome, index) =>
          outcome.status === "fulfilled"
            ? { index, ...outcome.value }
            : { index, problem: toProblem(outcome.reason, caller.correlationId) },
        ),
      };
    },
  };
}
/**
 * Maximum length of a message with several envelopes; a longer envelope is sent as a message of its own. The limit
 * bounds the memory of consumers, each of which holds about a hundred messages.
 */
const MAX_MESSAGE_LENGTH = 262_144;

function messagesOf(envelopes: readonly string[]): string[][] {
  const messages: string[][] = [[]];
  let length = 0;
  for (const envelope of envelopes) {
    if (length > 0 && length + envelope.length > MAX_MESSAGE_LENGTH) {
      messages.push([]);
      length = 0;
    }
    messages.at(-1)?.push(envelope);
    length += envelope.length;
  }
  return messages;
}
export type Submitter = ReturnType<typeof createSubmitter>;
