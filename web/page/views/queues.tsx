import { useEffect, useRef, useState } from "preact/hooks";
import type { QueueState } from "../../../contracts/api-queries.ts";
import { age, count, duration, rate } from "../../../shared/format.ts";
import { ratesByType } from "../../../shared/rates.ts";
import { useAccess } from "../access.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { jobsAddress } from "../job-list/address.ts";
import { refresh } from "../live.ts";
import { Empty, Panel } from "../parts/panel.tsx";
import { useAction } from "../parts/toast.tsx";
import { useQuery } from "../query.ts";
import { goTo } from "../route.ts";
import { type Shortcuts, useShortcuts } from "../shortcuts.ts";

const DONE_MS = 5_000;

interface QueuesPanelProps {
  readonly queues: readonly QueueState[];
  readonly class?: string;
  /** Whether the panel can pause types. */
  readonly pausable?: boolean;
}

/** Shows how many jobs of each type are waiting, how long the oldest has waited, and how fast jobs complete. */
export function QueuesPanel({ queues, class: className, pausable = false }: QueuesPanelProps) {
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const { data: series } = useQuery(
    "done by type",
    (signal) => client.readModel.series({ query: { metric: "completed", minutes: 2 } }, { signal }),
    { everyMs: DONE_MS },
  );
  const done = series && ratesByType(series, Date.now());
  const [cursor, setCursor] = useState<string>();
  const pause = usePause();
  const place = queues.findIndex(({ type }) => type === cursor);
  const current = queues[place];
  const move = (by: number) => {
    const next = queues[place < 0 ? 0 : place + by];
    return next && { run: () => setCursor(next.type) };
  };
  const keys: Shortcuts = {
    up: move(-1),
    down: move(1),
    open: current && { run: () => goTo(jobsAddress(`type:${current.type}`)) },
    pause:
      current && pause
        ? { run: () => void pause(current), label: current.paused ? "resume" : "pause" }
        : undefined,
  };
  useShortcuts(pausable ? keys : {});
  const end = pausable ? (
    `${count(waiting)} waiting`
  ) : (
    <a class="link" href="#/queues">
      Pause or resume
    </a>
  );
  return (
    <Panel id="queues" title="Queues" class={className} end={end}>
      {queues.length === 0 ? (
        <Empty>No queue has work.</Empty>
      ) : (
        <table class="grid-table queues">
          <thead>
            <tr>
              <th>Type</th>
              <th>
                <span class="sr">Share of all waiting</span>
              </th>
              <th class="num">Waiting</th>
              <th class="num hide-phone">Scheduled</th>
              <th class="num hide-phone">Executing</th>
              <th class="num">Oldest</th>
              <th class="num">Done</th>
              {pausable && (
                <th class="num">
                  <span class="sr">Pause or resume</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {queues.map((queue) => (
              <QueueRow
                key={queue.type}
                queue={queue}
                waiting={waiting}
                done={done?.get(queue.type) ?? 0}
                pausable={pausable}
                isCurrent={queue.type === cursor}
              />
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

interface QueueRowProps {
  readonly queue: QueueState;
  /** How many jobs of all types are waiting. */
  readonly waiting: number;
  readonly done: number;
  readonly pausable: boolean;
  readonly isCurrent: boolean;
}

function QueueRow({ queue, waiting, done, pausable, isCurrent }: QueueRowProps) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (isCurrent) link.current?.focus();
  }, [isCurrent]);
  const zero = (value: number) => <span class={value === 0 ? "dim" : undefined}>{count(value)}</span>;
  return (
    <>
      <tr class={isCurrent ? "cursor" : undefined}>
        <td class="nowrap">
          <a class="mono link-row" ref={link} href={jobsAddress(`type:${queue.type}`)}>
            {queue.type}
          </a>
        </td>
        <td class="share">
          <span class={queue.paused ? "bar paused" : "bar"}>
            {!queue.paused && <i style={{ width: `${waiting ? (100 * queue.waiting) / waiting : 0}%` }} />}
          </span>
        </td>
        <td class="num strong">{count(queue.waiting)}</td>
        <td class="num hide-phone">{zero(queue.scheduled)}</td>
        <td class="num hide-phone">{zero(queue.executing)}</td>
        <td class={queue.oldestWaitingMs === null ? "num dim" : "num"}>{duration(queue.oldestWaitingMs)}</td>
        <td class="num">
          {queue.paused ? (
            <span class="st st-retrying">
              <Icon name="pause" />
              paused
            </span>
          ) : (
            <span class={done === 0 ? "dim" : undefined}>{rate(done)}</span>
          )}
        </td>
        {pausable && (
          <td class="num">
            <PauseButton queue={queue} />
          </td>
        )}
      </tr>
      {queue.note && (
        <tr class="note-row">
          <td colSpan={pausable ? 8 : 7}>
            <span class="st st-failed">
              <Icon name="warn" />
              {queue.note}
            </span>
          </td>
        </tr>
      )}
    </>
  );
}

/** Returns a function that pauses or resumes a type, or undefined in a read-only session. */
function usePause(): ((queue: QueueState) => Promise<unknown>) | undefined {
  const act = useAction();
  const { readOnly } = useAccess();
  if (readOnly) return undefined;
  return ({ type, paused }) =>
    act(paused ? `Resumed ${type}` : `Paused ${type}`, () =>
      client.gateway[paused ? "resumeQueue" : "pauseQueue"]({ params: { type } }).finally(refresh),
    );
}

function PauseButton({ queue }: { queue: QueueState }) {
  const pause = usePause();
  return (
    <button class="btn" type="button" aria-disabled={!pause} onClick={() => void pause?.(queue)}>
      {queue.paused ? "Resume" : "Pause"}
      <span class="sr"> {queue.type}</span>
    </button>
  );
}

export function WorkersPanel({ class: className }: { class?: string }) {
  const { data, error } = useQuery("workers", (signal) => client.readModel.workers({}, { signal }));
  const shown = data?.workers.filter(({ state }) => state !== "stopped") ?? [];
  const alive = shown.filter(({ state }) => state === "alive" || state === "stopping");
  const slots = alive.reduce((sum, worker) => sum + worker.concurrency, 0);
  const busy = alive.reduce((sum, worker) => sum + worker.running, 0);
  return (
    <Panel
      id="workers"
      busy={!data && !error}
      title="Workers"
      class={className}
      end={data && `${alive.length} alive · ${count(busy)} of ${count(slots)} slots busy`}
      error={data ? undefined : error}
    >
      {data && shown.length === 0 && <Empty>No worker is running. Start one with `bun run dev`.</Empty>}
      {shown.length > 0 && (
        <table class="grid-table">
          <thead>
            <tr>
              <th>Worker</th>
              <th>
                <span class="sr">Share of its slots</span>
              </th>
              <th class="num">Busy</th>
              <th class="num hide-phone">Version</th>
              <th class="num">Heartbeat</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((worker) => (
              <tr key={worker.id}>
                <td class="mono clip" title={worker.id}>
                  {worker.id.split(".")[0]}
                </td>
                <td class="share">
                  <span class="bar">
                    <i class="busy" style={{ width: `${(100 * worker.running) / worker.concurrency}%` }} />
                  </span>
                </td>
                <td class="num">
                  {worker.state === "alive" ? (
                    `${count(worker.running)} of ${count(worker.concurrency)}`
                  ) : (
                    <span class={worker.state === "lost" ? "st st-failed" : "st st-retrying"}>
                      <Icon name={worker.state === "lost" ? "failed" : "pause"} />
                      {worker.state}
                    </span>
                  )}
                </td>
                <td class="num hide-phone">{worker.version}</td>
                <td class="num">{age(Date.now() - Date.parse(worker.heartbeatAt))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

/** Shows the message queues, where messages wait before they become jobs, and the size of the outbox. */
function BusPanel({
  bus,
  outbox,
}: {
  bus: readonly { name: string; ready: number; held?: number; consumers: number }[];
  outbox: number;
}) {
  return (
    <Panel id="bus" title="Message bus" end={`${count(outbox)} in the outbox`}>
      {bus.length === 0 ? (
        <Empty>The metrics engine has not inspected the bus yet.</Empty>
      ) : (
        <table class="grid-table">
          <thead>
            <tr>
              <th>Queue</th>
              <th class="num">Ready</th>
              <th class="num">Held</th>
              <th class="num">Consumers</th>
            </tr>
          </thead>
          <tbody>
            {bus.map(({ name, ready, held, consumers }) => (
              <tr key={name}>
                <td class="mono clip">{name}</td>
                <td class="num strong">{count(ready)}</td>
                <td class="num">{held === undefined ? "–" : count(held)}</td>
                <td class="num">{count(consumers)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

export function QueuesView() {
  const { data, error } = useQuery("queues", (signal) => client.readModel.queues({}, { signal }));
  const { reason } = useAccess();
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Queues and workers</h1>
          <p>{reason ?? "A paused type accepts jobs, which wait until it is resumed."}</p>
        </div>
      </div>
      <div class="stack together">
        {!data && (
          <Panel id="queues" title="Queues" busy={!error} error={error}>
            <p class="soft">Loading the queues</p>
          </Panel>
        )}
        {data && <QueuesPanel queues={data.queues} pausable />}
        <WorkersPanel />
        {data && <BusPanel bus={data.bus} outbox={data.outbox} />}
      </div>
    </>
  );
}
