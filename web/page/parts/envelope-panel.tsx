import type { JobDetail } from "../../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../../contracts/envelope.ts";
import { describeEvent } from "../../../shared/event-words.ts";
import { clock, count, duration } from "../../../shared/format.ts";
import { Icon } from "../icon.tsx";
import { Json } from "./json.tsx";
import { useCopy } from "./toast.tsx";

interface EnvelopePanelProps {
  readonly job: JobDetail;
  readonly envelope: EventEnvelope;
  readonly onSelect: (eventId: string) => void;
  /** The URL of the job's trace, if the trace can be viewed. */
  readonly traceUrl: string | undefined;
}

/** Shows an envelope's meaning in words, its fields and its JSON. */
export function EnvelopePanel({ job, envelope, onSelect, traceUrl }: EnvelopePanelProps) {
  const copy = useCopy();
  const { events } = job;
  const place = events.indexOf(envelope);
  const at = Date.parse(envelope.occurredAt);
  const cause = events.find(({ eventId }) => eventId === envelope.causationId);
  const text = JSON.stringify(envelope, null, 2);
  const traceId = envelope.traceparent?.split("-")[1];
  const step = (by: number, icon: string, label: string) => {
    const next = events[place + by];
    return (
      <button
        class="btn quiet icon step"
        type="button"
        aria-label={label}
        aria-disabled={next === undefined}
        onClick={() => next && onSelect(next.eventId)}
      >
        <Icon name={icon} />
      </button>
    );
  };
  return (
    <aside class="panel envelope" aria-labelledby="envelope">
      <header>
        <h2 id="envelope" class="mono">
          {envelope.eventType}
        </h2>
        <span class="end">
          {place + 1} of {events.length}
        </span>
        <span class="steps">
          {step(-1, "before", "Previous envelope")}
          {step(1, "after", "Next envelope")}
        </span>
      </header>
      <div class="body">
        <p class="says">{describeEvent(envelope).words}</p>
        <dl class="facts">
          <dt>At</dt>
          <dd>
            <time dateTime={envelope.occurredAt} title={envelope.occurredAt}>
              {clock(at, { withMillis: true })}
            </time>
            , + {duration(Math.max(0, at - Date.parse(job.createdAt)))}
          </dd>
          <dt>From</dt>
          <dd>{envelope.producer.instanceId}</dd>
          {cause && (
            <>
              <dt>Caused by</dt>
              <dd>
                <button class="link mono" type="button" onClick={() => onSelect(cause.eventId)}>
                  {cause.eventType}
                </button>
              </dd>
            </>
          )}
          <dt>Correlation</dt>
          <dd class="mono">{envelope.correlationId}</dd>
          {traceId && (
            <>
              <dt>Trace</dt>
              <dd class="mono">
                {traceUrl ? (
                  <a class="link" href={traceUrl} target="_blank" rel="noreferrer">
                    {traceId}
                  </a>
                ) : (
                  traceId
                )}
              </dd>
            </>
          )}
        </dl>
      </div>
      <Json value={envelope} label="Envelope as JSON" />
      <div class="foot">
        <button class="link" type="button" onClick={() => copy("the envelope", text)}>
          Copy JSON
        </button>
        <button class="link" type="button" onClick={() => copy("the command", curlOf(job.id))}>
          Copy as curl
        </button>
        <span class="end">{count(new TextEncoder().encode(JSON.stringify(envelope)).length)} bytes</span>
      </div>
    </aside>
  );
}

const curlOf = (id: string) => `curl -s '${location.origin}/api/events?jobId=${id}'`;
