import { rate } from "../../../shared/format.ts";
import type { TimeRange } from "../time-range.ts";
import type { RateLines } from "../use-rates.ts";
import { LineChart } from "./line-chart.tsx";
import { Empty, Panel } from "./panel.tsx";

interface RatePanelProps {
  readonly rates: RateLines;
  readonly range: TimeRange;
  /** The time at the chart's right edge, in milliseconds. */
  readonly to: number;
  readonly isEmpty: boolean;
}

export function RatePanel({ rates: { perSecond, completed, failed }, range, to, isEmpty }: RatePanelProps) {
  return (
    <Panel id="rate" title="Rate" class="o2" end={`per second, last ${range.label}`}>
      <div class="legend">
        {(["completed", "failed"] as const).map((name) => (
          <span key={name}>
            <svg viewBox="0 0 20 8" aria-hidden="true">
              <path class={`ln ln-${name}`} d="M0 4h20" />
            </svg>
            {name} <b class="num">{rate(perSecond[name])}</b>
          </span>
        ))}
      </div>
      {isEmpty ? (
        <Empty>
          No jobs yet.{" "}
          <a class="link" href="#/new">
            New job
          </a>
        </Empty>
      ) : (
        <LineChart
          label={`Completed ${rate(perSecond.completed)}, failed ${rate(perSecond.failed)} now; the last ${range.label}`}
          from={to - range.minutes * 60_000}
          to={to}
          tickMinutes={range.tickMinutes}
          unit={(value) => String(Number(value.toFixed(2)))}
          lines={[
            { name: "completed", style: "ln-completed", fill: "area-completed", points: completed },
            { name: "failed", style: "ln-failed", points: failed },
          ]}
        />
      )}
    </Panel>
  );
}
