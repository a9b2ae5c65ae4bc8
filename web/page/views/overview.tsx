import { useEffect, useState } from "preact/hooks";
import type { Overview as OverviewReply } from "../../../contracts/api-queries.ts";
import { clock, count, duration, rate } from "../../../shared/format.ts";
import {
  addOverview,
  CHART_SECONDS,
  columns,
  current,
  NO_RATES,
  type Rates,
  seed,
} from "../../../shared/rates.ts";
import { client } from "../client.ts";
import { useLive } from "../live.ts";
import { Counters } from "../parts/counters.tsx";
import { LineChart } from "../parts/line-chart.tsx";
import { Panel } from "../parts/panel.tsx";
import { useQuery } from "../query.ts";
import { AlertsPanel } from "./alerts.tsx";
import { DeadLetterReasons } from "./dead-letters.tsx";
import { NowPanel } from "./events.tsx";
import { LedgerPanel } from "./ledger.tsx";
import { QueuesPanel, WorkersPanel } from "./queues.tsx";

const COLUMNS = 60;

/** Is it healthy, is it moving, what is wrong: on one page. */
export function Overview() {
  const { data, error } = useQuery("overview", (signal) => client.readModel.overview({}, { signal }));
  const { isLive, at } = useLive();
  const rates = useRates(data);
  if (!data)
    return (
      <div class="message">
        <h1>{error ? "The read model does not answer" : "Reading the overview"}</h1>
        {error && <p>{error.message}. Start the system with `bun run dev`, or look at its log.</p>}
      </div>
    );
  const perSecond = { completed: current(rates.completed), failed: current(rates.failed) };
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{isLive ? headline(data) : `As it was at ${clock(at)}`}</h1>
          <p>
            {isLive
              ? sentence(data, perSecond.completed)
              : "Not live: the feed is down, and the page tries again."}
          </p>
        </div>
      </div>
      <Counters overview={data} perSecond={perSecond} />
      <div class="overview">
        <div class="stack">
          <RatePanel rates={rates} perSecond={perSecond} />
          <QueuesPanel queues={data.queues} />
          <NowPanel />
          <WorkersPanel />
        </div>
        <div class="stack">
          <AlertsPanel />
          <LatencyPanel overview={data} />
          <LedgerPanel />
          <DeadLetterReasons total={data.deadLetters} />
        </div>
      </div>
    </>
  );
}

/** Rates per second from the counters of successive overviews, with the minutes before this page was opened in front. */
function useRates(overview: OverviewReply | undefined): {
  completed: readonly number[];
  failed: readonly number[];
} {
  const [rates, setRates] = useState<Rates>(NO_RATES);
  const completed = useQuery(
    "completed",
    () => client.readModel.series({ query: { metric: "completed", minutes: 5 } }),
    {
      frozen: true,
    },
  );
  const failed = useQuery(
    "failed",
    () => client.readModel.series({ query: { metric: "failed", minutes: 5 } }),
    {
      frozen: true,
    },
  );
  useEffect(() => {
    if (overview) setRates((before) => addOverview(before, overview));
  }, [overview?.at]);
  return { completed: seed(rates.completed, completed.data), failed: seed(rates.failed, failed.data) };
}

function headline({ alerts, workers, unavailable, deadLetters }: OverviewReply): string {
  if (unavailable.length > 0) return `Not complete: no answer from ${unavailable.join(", ")}`;
  if (workers.alive === 0) return "No worker runs";
  if (alerts.firing > 0)
    return `Moving, with ${alerts.firing === 1 ? "one alert" : `${alerts.firing} alerts`}`;
  return deadLetters > 0 ? "Healthy, with dead letters" : "Healthy";
}

function sentence({ queues, deadLetters, stats }: OverviewReply, perSecond: number): string {
  if (stats.total === 0) return "No job yet. Press N to submit one.";
  const paused = queues.filter((queue) => queue.paused).map(({ type }) => type);
  return [
    `${rate(perSecond).replace("/s", "")} jobs complete each second.`,
    deadLetters > 0 && `${count(deadLetters)} dead letters wait for a person.`,
    paused.length > 0 && `${paused.join(", ")} is paused.`,
  ]
    .filter(Boolean)
    .join(" ");
}

function RatePanel({
  rates,
  perSecond,
}: {
  rates: ReturnType<typeof useRates>;
  perSecond: { completed: number; failed: number };
}) {
  const now = Date.now();
  return (
    <Panel id="rate" title="Rate" end="per second, last 5 min">
      <div class="legend">
        {(["completed", "failed"] as const).map((name) => (
          <span>
            <svg viewBox="0 0 20 8" aria-hidden="true">
              <path class={`ln ln-${name}`} d="M0 4h20" />
            </svg>
            {name} <b class="num">{rate(perSecond[name])}</b>
          </span>
        ))}
      </div>
      <LineChart
        label={`Completed ${rate(perSecond.completed)}, failed ${rate(perSecond.failed)} now, over the last five minutes`}
        from={now - CHART_SECONDS * 1_000}
        to={now}
        unit={(value) => String(value)}
        lines={[
          {
            name: "completed",
            style: "ln-completed",
            fill: "area-completed",
            points: columns(rates.completed, COLUMNS),
          },
          { name: "failed", style: "ln-failed", points: columns(rates.failed, COLUMNS) },
        ]}
      />
    </Panel>
  );
}

function LatencyPanel({ overview: { stats, observationLagMs } }: { overview: OverviewReply }) {
  const rows = [
    ["Execution", stats.execution],
    ["Queue wait", stats.queueWait],
  ] as const;
  return (
    <Panel id="latency" title="Latency" end={`observed after ${duration(observationLagMs)}`}>
      <table class="grid-table">
        <thead>
          <tr>
            <th>
              <span class="sr">Measure</span>
            </th>
            <th class="num">p50</th>
            <th class="num">p95</th>
            <th class="num">p99</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, { p50, p95, p99 }]) => (
            <tr>
              <td class="nowrap">{name}</td>
              <td class="num">{duration(p50)}</td>
              <td class="num strong">{duration(p95)}</td>
              <td class="num">{duration(p99)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
