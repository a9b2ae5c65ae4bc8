import type { QueueState } from "../../../contracts/api-queries.ts";
import { age, count, duration } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { Empty, Panel } from "../parts/panel.tsx";
import { useAction } from "../parts/toast.tsx";
import { useQuery } from "../query.ts";

/** Waiting jobs by type; each type can be paused here. */
export function QueuesPanel({ queues }: { queues: readonly QueueState[] }) {
  const act = useAction();
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const toggle = (queue: QueueState) =>
    act(queue.paused ? `Resumed ${queue.type}` : `Paused ${queue.type}`, () =>
      queue.paused
        ? client.gateway.resumeQueue({ params: { type: queue.type } })
        : client.gateway.pauseQueue({ params: { type: queue.type } }),
    );
  return (
    <Panel id="queues" title="Queues" end={`${count(waiting)} waiting`}>
      {queues.length === 0 && <Empty>No queue has work.</Empty>}
      {queues.length > 0 && (
        <table class="grid-table">
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
              <th class="num">
                <span class="sr">Pause or resume</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {queues.map((queue) => (
              <tr key={queue.type}>
                <td class="nowrap">
                  <a class="mono" href={`#/jobs?filter=type%3A${queue.type}`} title={queue.note}>
                    {queue.type}
                  </a>
                </td>
                <td class="share">
                  <span class={queue.paused ? "bar paused" : "bar"}>
                    {!queue.paused && (
                      <i style={{ width: `${waiting ? (100 * queue.waiting) / waiting : 0}%` }} />
                    )}
                  </span>
                </td>
                <td class="num strong">{count(queue.waiting)}</td>
                <td class="num hide-phone">{count(queue.scheduled)}</td>
                <td class="num hide-phone">{count(queue.executing)}</td>
                <td class="num">{duration(queue.oldestWaitingMs)}</td>
                <td class="num">
                  <button class="link" type="button" onClick={() => toggle(queue)}>
                    {queue.paused ? (
                      <span class="st st-retrying">
                        <Icon name="pause" />
                        paused, resume
                      </span>
                    ) : (
                      "Pause"
                    )}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

export function WorkersPanel() {
  const { data, error } = useQuery("workers", (signal) => client.readModel.workers({}, { signal }));
  const alive = data?.workers.filter(({ state }) => state === "alive" || state === "stopping") ?? [];
  const slots = alive.reduce((sum, worker) => sum + worker.concurrency, 0);
  const busy = alive.reduce((sum, worker) => sum + worker.running, 0);
  return (
    <Panel
      id="workers"
      title="Workers"
      end={data && `${alive.length} alive · ${count(busy)} of ${count(slots)} slots busy`}
      error={data ? undefined : error}
    >
      {data && alive.length === 0 && <Empty>No worker runs. Start one with `bun run dev`.</Empty>}
      <table class="grid-table">
        <tbody>
          {alive.map((worker) => (
            <tr key={worker.id}>
              <td class="mono clip">{worker.id.split(".")[0]}</td>
              <td class="share">
                <span class="bar">
                  <i class="busy" style={{ width: `${(100 * worker.running) / worker.concurrency}%` }} />
                </span>
              </td>
              <td class="num">
                {count(worker.running)} of {count(worker.concurrency)}
              </td>
              <td class="num hide-phone">{worker.version}</td>
              <td class="num">{age(Date.now() - Date.parse(worker.heartbeatAt))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

export function QueuesView() {
  const { data, error } = useQuery("queues", (signal) => client.readModel.queues({}, { signal }));
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Queues and workers</h1>
          {error && !data && <p role="alert">{error.message}</p>}
        </div>
      </div>
      <div class="stack">
        {data && <QueuesPanel queues={data.queues} />}
        <WorkersPanel />
      </div>
    </>
  );
}
