import type { JobDetail } from "../../../contracts/api-queries.ts";
import { duration } from "../../../shared/format.ts";
import { type TraceBar, traceOf } from "../../../shared/job-trace-view.ts";
import { Icon } from "../icon.tsx";

const WIDTH = 320;
const ROW = 34;

interface XRayProps {
  readonly job: JobDetail;
  readonly selected: string | undefined;
  readonly onSelect: (eventId: string) => void;
}

/** Every hop, wait and try of a job on one axis of time; pressing one shows its envelope. */
export function XRay({ job, onSelect }: XRayProps) {
  const { bars, totalMs } = traceOf(job, Date.now());
  const scale = WIDTH / Math.max(totalMs, 0.001);
  return (
    <section class="panel xray" aria-labelledby="xray">
      <header>
        <h2 id="xray">Where the {duration(totalMs)} went</h2>
        <span class="end hide-phone">press a hop for its envelope</span>
      </header>
      <div>
        {bars.map((bar) => (
          <Hop bar={bar} scale={scale} onSelect={() => select(job, bar, onSelect)} />
        ))}
      </div>
    </section>
  );
}

function Hop({ bar, scale, onSelect }: { bar: TraceBar; scale: number; onSelect: () => void }) {
  const { kind, label, startMs, endMs, slowest, open, outcome } = bar;
  const x1 = startMs * scale;
  const x2 = Math.max(endMs * scale, x1);
  return (
    <button class={kind === "wait" ? "hop waitrow" : "hop"} type="button" onClick={onSelect}>
      <span class="name">
        {outcome ? (
          <span class={`st st-${outcome === "succeeded" ? "completed" : "failed"}`}>
            <Icon name={outcome === "succeeded" ? "completed" : "failed"} />
            {label}
          </span>
        ) : (
          label
        )}
      </span>
      <span class="track">
        <svg viewBox={`0 0 ${WIDTH} ${ROW}`} preserveAspectRatio="none" aria-hidden="true">
          {kind === "wait" ? (
            <rect
              class={slowest ? "x-wait slowest" : "x-wait"}
              x={x1}
              y="11"
              width={Math.max(x2 - x1, 0.5)}
              height="12"
            />
          ) : (
            <>
              <line class={kind === "hop" ? "x-bus" : "x-claim"} x1={x1} x2={x2} y1={ROW / 2} y2={ROW / 2} />
              <line
                class={outcome ? (outcome === "succeeded" ? "x-ok" : "x-fail") : "x-point"}
                x1={x2}
                x2={x2}
                y1="9"
                y2="25"
              />
            </>
          )}
        </svg>
        {slowest && (
          <span class="slow" style={{ left: `${Math.min(80, (100 * x1) / WIDTH)}%` }}>
            ◀ slowest
          </span>
        )}
      </span>
      <span class={slowest ? "took strong" : "took"}>
        {duration(endMs - startMs)}
        {open && " so far"}
      </span>
      <span class="who clip">{bar.note ?? bar.who}</span>
    </button>
  );
}

/** The envelope that ended the hop: the first event at or after its end. */
function select(job: JobDetail, bar: TraceBar, onSelect: (eventId: string) => void): void {
  const end = Date.parse(job.createdAt) + bar.endMs;
  const event =
    job.events.find(({ occurredAt }) => Date.parse(occurredAt) >= Math.floor(end)) ?? job.events.at(-1);
  if (event) onSelect(event.eventId);
}
