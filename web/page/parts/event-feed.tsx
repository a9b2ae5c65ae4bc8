import { useEffect, useRef } from "preact/hooks";
import type { EventEnvelope } from "../../../contracts/envelope.ts";
import { describeEvent } from "../../../shared/event-words.ts";
import { clock, shortId } from "../../../shared/format.ts";
import { Status } from "./status.tsx";

const FRESH_MS = 1_500;

interface EventFeedProps {
  readonly events: readonly EventEnvelope[];
  /** The id of the event selected with the keyboard. */
  readonly cursor?: string | undefined;
}

/** Shows events in words, one event per row, with links to their jobs. */
export function EventFeed({ events, cursor }: EventFeedProps) {
  return (
    <ul class="feed" aria-live="off">
      {events.map((event) => (
        <Row event={event} isCurrent={event.eventId === cursor} key={event.eventId} />
      ))}
    </ul>
  );
}

function Row({ event, isCurrent }: { event: EventEnvelope; isCurrent: boolean }) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (isCurrent) link.current?.focus();
  }, [isCurrent]);
  const { status, words } = describeEvent(event);
  const id = String(event.payload.jobId ?? "");
  const at = Date.parse(event.occurredAt);
  return (
    <li class={isCurrent ? "cursor" : undefined}>
      <time class="mono dim" dateTime={event.occurredAt}>
        {clock(at, { withMillis: true })}
      </time>
      {status ? <Status status={status} hidesWord /> : <span />}
      <span class="mono clip">{String(event.payload.jobType ?? "")}</span>
      <a class="link mono" href={`#/jobs/${id}`} ref={link}>
        {shortId(id)}
      </a>
      <span class={Date.now() - at < FRESH_MS ? "clip new" : "clip soft"}>{words}</span>
    </li>
  );
}
