import type { Overview } from "../../../contracts/api-queries.ts";
import { duration } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { useQuery } from "../query.ts";
import { type TimeRange, thinned } from "../time-range.ts";
import { LineChart } from "./line-chart.tsx";
import { Panel } from "./panel.tsx";
import { Spark } from "./spark.tsx";

type Metric = "execution.p50" | "execution.p95" | "execution.p99" | "queueWait.p95";

/**
 * The chart's shortest range. The series has one point per minute, and five points are too few for a line.
 */
const LEAST_MINUTES = 30;
const SERIES_MS = 15_000;
const MAX_POINTS = 120;
const SPARK_POINTS = 24;

interface LatencyPanelProps {
  readonly overview: Overview;
  readonly range: TimeRange;
  readonly to: number;
}

/** Shows how long jobs ran and waited, over time and in total. */
export function LatencyPanel({ overview: { stats, observationLagMs }, range, to }: LatencyPanelProps) {
  const minutes = Math.max(range.minutes, LEAST_MINUTES);
  // Omits the current minute. It contains few jobs, and the lines are fetched at slightly different times, so that p50
  // could appear above p95 there.
  const points = (metric: Metric) =>
    (
      useQuery(
        `${metric} ${minutes}`,
        (signal) => client.readModel.series({ query: { metric, minutes } }, { signal }),
        { everyMs: SERIES_MS },
      ).data?.series[0]?.points ?? []
    ).slice(0, -1);
  const p50 = points("execution.p50");
  const p95 = points("execution.p95");
  const p99 = points("execution.p99");
  const rows = [
    ["Execution", stats.execution, p95],
    ["Queue wait", stats.queueWait, points("queueWait.p95")],
  ] as const;
  const { execution } = stats;
  return (
    <Panel
      id="latency"
      title="Latency"
      class="o6"
      end={`execution, log scale, last ${minutes < 60 ? `${minutes} min` : range.label}`}
    >
      <LineChart
        small
        scale="log"
        label={`Execution time: p50 ${duration(execution.p50)}, p95 ${duration(execution.p95)}, p99 ${duration(execution.p99)}`}
        from={to - minutes * 60_000}
        to={to}
        tickMinutes={minutes === LEAST_MINUTES ? 10 : range.tickMinutes * 2}
        unit={duration}
        lines={[
          { name: "p99", style: "ln-p99", points: thinned(p99, MAX_POINTS), tagged: true },
          { name: "p95", style: "ln-p95", points: thinned(p95, MAX_POINTS), tagged: true },
          { name: "p50", style: "ln-p50", points: thinned(p50, MAX_POINTS), tagged: true },
        ]}
      />
      <table class="grid-table">
        <thead>
          <tr>
            <th>
              <span class="sr">Measure</span>
            </th>
            <th class="num">p50</th>
            <th class="num">p95</th>
            <th class="num">p99</th>
            <th class="num hide-phone">p95 trend</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, percentiles, trend]) => (
            <tr key={name}>
              <td class="nowrap">{name}</td>
              <td class="num">{duration(percentiles.p50)}</td>
              <td class="num strong">{duration(percentiles.p95)}</td>
              <td class="num">{duration(percentiles.p99)}</td>
              <td class="num hide-phone">
                <Spark points={thinned(trend, SPARK_POINTS)} />
              </td>
            </tr>
          ))}
          <tr>
            <td class="nowrap">Observed after</td>
            <td class="num" colSpan={4}>
              {observationLagMs === 0 ? "at once" : duration(observationLagMs)}
            </td>
          </tr>
        </tbody>
      </table>
    </Panel>
  );
}
