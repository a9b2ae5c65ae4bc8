import type { Overview as OverviewReply } from "../../../contracts/api-queries.ts";
import { clock, count, rate } from "../../../shared/format.ts";
import { useLive } from "../live.ts";
import { Counters } from "../parts/counters.tsx";
import { LatencyPanel } from "../parts/latency-panel.tsx";
import { PartsPanel } from "../parts/parts-panel.tsx";
import { RatePanel } from "../parts/rate-panel.tsx";
import type { Query } from "../query.ts";
import { TIME_RANGES, type TimeRange, timeRangeOf } from "../time-range.ts";
import { useRates } from "../use-rates.ts";
import { AlertsPanel } from "./alerts.tsx";
import { DeadLetterReasons } from "./dead-letters.tsx";
import { NowPanel } from "./events.tsx";
import { LedgerPanel } from "./ledger.tsx";
import { QueuesPanel, WorkersPanel } from "./queues.tsx";

export type { OverviewReply };

interface OverviewProps {
  readonly overview: Query<OverviewReply>;
  readonly query: URLSearchParams;
}

/** Shows whether the system is healthy, whether jobs are progressing, and what is wrong. */
export function Overview({ overview: { data, error }, query }: OverviewProps) {
  const { state, at } = useLive();
  const range = timeRangeOf(query);
  const rates = useRates(data, range);
  if (!data) return <NoOverview error={error} />;
  const to = Date.parse(data.at);
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{state === "stale" ? `As it was at ${clock(at)}` : headline(data)}</h1>
          <p>
            {state === "stale"
              ? "Not live: the feed is down, and the page keeps retrying."
              : sentence(data, rates.perSecond.completed)}
          </p>
        </div>
        <RangeSwitch range={range} />
      </div>
      <Counters overview={data} perSecond={rates.perSecond} />
      <div class="overview">
        <div class="stack">
          <RatePanel rates={rates} range={range} to={to} isEmpty={data.stats.total === 0} />
          <QueuesPanel queues={data.queues} class="o3" />
          <NowPanel />
          <WorkersPanel class="o8" />
        </div>
        <div class="stack">
          <AlertsPanel class="o1" failed={data.stats.byStatus.FAILED} />
          <LatencyPanel overview={data} range={range} to={to} />
          <LedgerPanel class="o4" />
          <DeadLetterReasons total={data.deadLetters} class="o5" />
          <PartsPanel overview={data} />
        </div>
      </div>
    </>
  );
}

/** Shows the overview's outline while it loads, so that the layout does not shift when the data arrives. */
function NoOverview({ error }: { error: Error | undefined }) {
  if (error)
    return (
      <div class="message">
        <h1>The read model does not answer</h1>
        <p>{error.message}. The page keeps retrying. Start the system with `bun run dev`, or read its log.</p>
        <a class="btn" href="#/terminal">
          Open the terminal
        </a>
      </div>
    );
  return (
    <div aria-busy="true">
      <div class="page-head">
        <div>
          <h1>Loading the overview</h1>
          <p>{"\u00a0"}</p>
        </div>
      </div>
      <section class="panel counters" aria-hidden="true">
        {Array.from({ length: 8 }, (_, index) => (
          <span class="counter zero" key={index}>
            <span class="st">{"\u00a0"}</span>
            <span class="value">–</span>
            <span class="note">{"\u00a0"}</span>
          </span>
        ))}
      </section>
    </div>
  );
}

function RangeSwitch({ range }: { range: TimeRange }) {
  return (
    <nav class="end segmented" aria-label="Time range of the charts">
      {TIME_RANGES.map(({ name, label }) => (
        <a
          href={name === "5m" ? "#/overview" : `#/overview?range=${name}`}
          aria-current={range.name === name ? "true" : undefined}
          key={name}
        >
          {label}
        </a>
      ))}
    </nav>
  );
}

function headline({ alerts, workers, unavailable, deadLetters }: OverviewReply): string {
  if (unavailable.length > 0) return `Incomplete: no answer from ${unavailable.join(", ")}`;
  if (workers.alive === 0) return "No worker is running";
  if (alerts.firing > 0)
    return `Running, with ${alerts.firing === 1 ? "one alert" : `${alerts.firing} alerts`}`;
  return deadLetters > 0 ? "Healthy, with dead letters" : "Healthy";
}

function sentence({ queues, deadLetters, stats }: OverviewReply, perSecond: number): string {
  if (stats.total === 0) return "No jobs yet. Press N to submit one.";
  const paused = queues.filter((queue) => queue.paused).map(({ type }) => type);
  return [
    `${rate(perSecond).replace("/s", "")} jobs complete each second.`,
    deadLetters > 0 &&
      `${count(deadLetters)} dead ${deadLetters === 1 ? "letter is" : "letters are"} waiting for a person.`,
    paused.length > 0 && `${paused.join(", ")} ${paused.length === 1 ? "is" : "are"} paused.`,
  ]
    .filter(Boolean)
    .join(" ");
}
