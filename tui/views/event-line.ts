import type { EventEnvelope } from "../../contracts/envelope.ts";
import { describeEvent } from "../../shared/event-words.ts";
import { clock, shortId } from "../../shared/format.ts";
import { STATUS_GLYPHS, statusStyle } from "../glyphs.ts";
import { dim, type Line, type Style, span } from "../style.ts";
import { fit, sanitize } from "../text.ts";

/** Events newer than this are bold. */
const FRESH_MS = 1_000;

/** Formats an event as one line: the time, the job, and what happened in words. */
export function eventLine(event: EventEnvelope, width: number, now: number): Line {
  const { payload, eventType, occurredAt } = event;
  const at = Date.parse(occurredAt);
  const { status, words } = describeEvent(event);
  const style: Style = status ? statusStyle(status) : {};
  const isNarrow = width < 60;
  return [
    dim(` ${clock(at, { withMillis: !isNarrow })} `),
    span(status ? STATUS_GLYPHS[status] : "·", style),
    span(` ${fit(sanitize(String(payload.jobType ?? eventType)), isNarrow ? 8 : 11)} `),
    dim(`${shortId(String(payload.jobId ?? ""))} `),
    span(sanitize(words), now - at < FRESH_MS ? { bold: true } : {}),
  ];
}
