import type { JobDetail } from "../../../contracts/api-queries.ts";
import { duration } from "../../../shared/format.ts";
import { type TraceBar, traceOf } from "../../../shared/job-trace-view.ts";
import { Icon } from "../icon.tsx";
import { eventOfBar, type Spent, spentOf, ticksOf } from "../job-time.ts";

const WIDTH = 320;
const ROW = 34;
/** Extends the axis slightly beyond the end, so that the last mark is fully visible. */
const ROOM = 1.06;

interface XRayProps {
  readonly job: JobDetail;
  readonly selected: string | undefined;
  readonly onSelect: (eventId: string) => void;
}

/** Shows every step, wait and try of a job on one time axis. Pressing a bar shows the envelope of its event. */
export function XRay({ job, selected, onSelect }: XRayProps) {
  const { bars, totalMs } = traceOf(job, Date.now());
  const scale = WIDTH / Math.max(totalMs * ROOM, 0.001);
  const ticks = ticksOf(totalMs);
  return (
    <section class="panel xray" aria-labelledby="xray">
      <header>
        <h2 id="xray">Where the {duration(totalMs)} went</h2>
        <span class="end hide-phone">press a hop for its envelope</span>
      </header>
      <SpentBar parts={spentOf(bars)} />
      {/* biome-ignore lint/a11y/useSemanticElements: hops are not form fields */}
      <div role="group" aria-label="Hops in order">
        <div class="axis" aria-hidden="true">
          <span />
          <span class="ticks">
            {ticks.map((tick) => (
              <span style={{ left: `${(100 * tick * scale) / WIDTH}%` }} key={tick}>
                {tick === 0 ? "0 ms" : duration(tick)}
              </span>
            ))}
            <span class="last" style={{ left: `${(100 * totalMs * scale) / WIDTH}%` }}>
              {duration(totalMs)}
            </span>
          </span>
          <span />
          <span />
        </div>
        {bars.map((bar, index) => {
          const event = eventOfBar(job, bar);
          return (
            <Hop
              key={`${index} ${bar.label}`}
              bar={bar}
              scale={scale}
              lines={[...ticks, totalMs]}
              isSelected={event !== undefined && event.eventId === selected}
              onSelect={() => event && onSelect(event.eventId)}
            />
          );
        })}
      </div>
    </section>
  );
}

function SpentBar({ parts }: { parts: readonly Spent[] }) {
  return (
    <div class="body">
      <div class="spent" aria-hidden="true">
        {parts.map(({ kind, label, ms }) => (
          <i class={`k-${kind}`} style={{ flexGrow: ms }} key={label} />
        ))}
      </div>
      <div class="spent-legend">
        {parts.map(({ kind, label, ms }) => (
          <span key={label}>
            <i class={`k-${kind}`} />
            {label} <b class="strong">{duration(ms)}</b>
          </span>
        ))}
        {parts.length === 0 && <span>No time has passed yet</span>}
      </div>
    </div>
  );
}

interface HopProps {
  readonly bar: TraceBar;
  readonly scale: number;
  /** Positions of the vertical lines that cross the row. */
  readonly lines: readonly number[];
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function Hop({ bar, scale, lines, isSelected, onSelect }: HopProps) {
  const { kind, label, startMs, endMs, slowest, open, outcome } = bar;
  const x1 = startMs * scale;
  const x2 = Math.max(endMs * scale, x1);
  const name = label.charAt(0).toUpperCase() + label.slice(1);
  const tone =
    outcome && (outcome === "succeeded" ? "completed" : outcome === "cancelled" ? "cancelled" : "failed");
  return (
    <button
      class={kind === "wait" ? "hop waitrow" : "hop"}
      type="button"
      aria-pressed={isSelected}
      onClick={onSelect}
    >
      <span class="name">
        {tone ? (
          <span class={`st st-${tone}`}>
            <Icon name={tone} />
            {name}
          </span>
        ) : open && kind === "try" ? (
          <span class="st st-executing">
            <Icon name="executing" />
            {name}
          </span>
        ) : (
          name
        )}
      </span>
      <span class="track">
        <svg viewBox={`0 0 ${WIDTH} ${ROW}`} preserveAspectRatio="none" aria-hidden="true">
          {lines.map((at, index) => (
            <line
              class={index === lines.length - 1 ? "x-end" : "grid-line"}
              x1={at * scale}
              x2={at * scale}
              y1="0"
              y2={ROW}
              key={at}
            />
          ))}
          {kind === "wait" ? (
            <>
              <rect
                class={slowest ? "x-wait slowest" : "x-wait"}
                x={x1}
                y="11"
                width={Math.max(x2 - x1, 0.5)}
                height="12"
              />
              <line class="x-edge" x1={x1} x2={x1} y1="11" y2="23" />
              <line class="x-edge" x1={x2} x2={x2} y1="11" y2="23" />
            </>
          ) : (
            <>
              <line class={kind === "hop" ? "x-bus" : "x-run"} x1={x1} x2={x2} y1={ROW / 2} y2={ROW / 2} />
              <line class={markOf(bar)} x1={x2} x2={x2} y1="9" y2="25" />
            </>
          )}
        </svg>
        {slowest && (
          <span class="slow" style={{ left: `${Math.min(80, (100 * x1) / WIDTH + 1)}%` }}>
            <Icon name="before" />
            slowest
          </span>
        )}
      </span>
      <span class={slowest ? "took strong" : "took"}>
        {duration(endMs - startMs)}
        {open && " so far"}
      </span>
      <span class="who clip">{bar.note ?? bar.who?.split(".")[0]}</span>
    </button>
  );
}

function markOf({ outcome, open }: TraceBar): string {
  if (open) return "x-open";
  if (!outcome) return "x-point";
  return outcome === "succeeded" ? "x-ok" : "x-fail";
}
