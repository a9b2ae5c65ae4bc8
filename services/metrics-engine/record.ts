import type { JobEvent } from "../../contracts/events.ts";
import { pause } from "../../shared/async.ts";
import type { BatchHandler, Bus } from "../../shared/bus/port.ts";
import { messageOf } from "../../shared/errors.ts";
import { decodeMessage, type RefusedEnvelope } from "../../shared/event.ts";
import { type Condemned, createIsolation } from "../../shared/isolate.ts";
import type { Log } from "../../shared/log.ts";
import type { ObservationWriter } from "../../shared/observations/port.ts";
import { refusedMessage } from "../../shared/refused-message.ts";
import type { Tracing } from "../../shared/tracing.ts";
import type { Families } from "./metrics.ts";
import { beginRecordSpans } from "./record-spans.ts";

/**
 * Handling a batch of fewer messages than this takes at least `LINGER_MS`, so that messages arriving in the meantime
 * form one batch.
 */
const SMALL = 20;
const LINGER_MS = 60;
/**
 * How many events are decoded before yielding to the event loop, so that decoding does not delay health checks and the
 * bus's connection.
 */
const TURN = 1_000;

export interface RecorderOptions {
  readonly observations: Pick<ObservationWriter, "record" | "rehearse">;
  readonly bus: Pick<Bus, "publish">;
  readonly families: Families;
  readonly tracing: Tracing;
  readonly log: Log;
}

/**
 * Records events from `events.observed`. Events are stored and counted before they are acknowledged, so a crash loses
 * nothing. A single envelope is dead-lettered if it breaks its contract, if the store refuses it, or if writing it
 * alone keeps failing. The processor may dead-letter the same envelope from its own queue. Both services derive the
 * same dead-letter id, so only one dead letter results.
 */
export function createRecorder({ observations, bus, families, tracing, log }: RecorderOptions): BatchHandler {
  const writeAll = createIsolation<JobEvent>({
    probe: observations.rehearse,
    keyOf: ({ eventId }) => eventId,
    log,
  });

  return async (batch, signal) => {
    const startedAt = performance.now();
    const events: JobEvent[] = [];
    const refused: RefusedEnvelope[] = [];
    let turnAt = TURN;
    for (const { body } of batch) {
      const message = decodeMessage(body);
      events.push(...message.events);
      refused.push(...message.refused);
      if (events.length < turnAt) continue;
      turnAt = events.length + TURN;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (events.length > 0) {
      const endSpans = beginRecordSpans(tracing, events);
      const condemned = await writeAll(events, async (part) => {
        const { fresh } = await observations.record(part);
        families.recorded(fresh, part.length);
      });
      endSpans?.();
      refused.push(...condemned.map(refusal));
      families.parked(condemned.filter(({ why }) => why === "parked").length);
    }
    if (refused.length > 0) {
      await Promise.all(
        refused.map((one) =>
          bus.publish(
            "jobs.failed.validation",
            Buffer.from(
              JSON.stringify(refusedMessage(one, { queue: "events.observed", service: "metrics-engine" })),
            ),
          ),
        ),
      );
      families.refused(refused.length);
      log.warn("Sent envelopes to the dead letters", {
        count: refused.length,
        reason: refused[0]?.reason,
      });
    }
    // Linger only after recording, so that a single message is recorded without delay. The next message waits for at
    // most `LINGER_MS`.
    const lingerMs = LINGER_MS - (performance.now() - startedAt);
    if (batch.length < SMALL && lingerMs > 0) await pause(lingerMs, signal);
  };
}

function refusal({ entry, why, error }: Condemned<JobEvent>): RefusedEnvelope {
  return {
    original: Buffer.from(JSON.stringify(entry)),
    reason: why === "refused" ? "CONTRACT_VIOLATION" : "PARKED",
    detail: `The event store ${why === "refused" ? "refused the event" : "kept failing on the event, even when it was written alone"}: ${messageOf(error)}`,
    jobId: entry.payload.jobId,
    eventId: entry.eventId,
  };
}
