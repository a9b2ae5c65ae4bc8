import { IdempotencyKey } from "../../contracts/api-commands.ts";
import type { JobEvent } from "../../contracts/events.ts";
import type { Route } from "../../contracts/topology.ts";
import { AppError } from "../../shared/errors.ts";
import type { DecodedMessage } from "../../shared/event.ts";
import { createCheck } from "../../shared/http/read-request.ts";
import { checkPayloadBounds, MAX_PAYLOAD_BYTES } from "../../shared/payload-bounds.ts";

const checkKey = createCheck(IdempotencyKey, "VALIDATION_FAILED", "The idempotencyKey of the edited body");

/** Refuses an edited payload that exceeds the limits for submitted payloads. */
export function checkEditedPayload(payload: Readonly<Record<string, unknown>>): void {
  checkPayloadBounds(payload, MAX_PAYLOAD_BYTES, "/payload");
}

/**
 * Refuses an edited message that is empty or breaks its contract. For intake, also refuses events other than
 * `job.created`, invalid idempotency keys, and payloads and metadata that exceed the limits for submitted jobs.
 */
export function checkEditedMessage({ events, refused }: DecodedMessage, route: Route): void {
  if (refused[0])
    throw new AppError("VALIDATION_FAILED", `The edited body breaks its contract: ${refused[0].detail}`);
  if (events.length === 0)
    throw new AppError("VALIDATION_FAILED", "The edited body is an empty array; expected at least one event");
  if (route === "jobs.created") for (const event of events) checkEditedEvent(event);
}

function checkEditedEvent({ eventType, idempotencyKey, payload }: JobEvent): void {
  if (eventType !== "job.created")
    throw new AppError(
      "VALIDATION_FAILED",
      `The edited body contains a ${eventType}; intake accepts only job.created`,
    );
  checkKey(idempotencyKey);
  checkEditedPayload(payload.payload);
  if (payload.metadata) checkPayloadBounds(payload.metadata, MAX_PAYLOAD_BYTES, "/metadata");
}
