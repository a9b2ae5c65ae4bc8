import type { RefusedMessage } from "../contracts/dead-letter.ts";
import type { QueueName } from "../contracts/topology.ts";
import type { RefusedEnvelope } from "./event.ts";

const NAMESPACE = "7c1f0a52-94d3-5be0-8f5e-6a1d3c2b4e90";

/**
 * Builds the message that carries a refused envelope to `jobs.failed.validation`. Its id is derived from the original
 * bytes, so a bad message is filed once, however often it is delivered and whichever consumer refuses it.
 */
export function refusedMessage(
  refused: RefusedEnvelope,
  { queue, service }: { queue: QueueName; service: string },
): RefusedMessage {
  return {
    id: Bun.randomUUIDv5(Buffer.from(refused.original), NAMESPACE),
    reason: refused.reason,
    detail: refused.detail.slice(0, 2_000),
    refusedAt: new Date().toISOString(),
    service,
    queue,
    original: Buffer.from(refused.original).toString("base64"),
    ...(refused.jobId && { jobId: refused.jobId }),
    ...(refused.eventId && { eventId: refused.eventId }),
  };
}
