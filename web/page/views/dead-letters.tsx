import { useState } from "preact/hooks";
import { age, count } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { useConfirm } from "../parts/confirm.tsx";
import { Empty, Panel } from "../parts/panel.tsx";
import { useAction } from "../parts/toast.tsx";
import { useQuery } from "../query.ts";

const PAGE = 200;

const list = (signal: AbortSignal) =>
  client.readModel.listDeadLetters({ query: { limit: PAGE } }, { signal });

/** Why messages and jobs died, the commonest reason first. */
export function DeadLetterReasons({ total }: { total: number }) {
  const { data, error } = useQuery("dead letters", list);
  const reasons = new Map<string, number>();
  for (const { reason } of data?.items ?? []) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const rows = [...reasons].sort(([, a], [, b]) => b - a);
  const most = rows[0]?.[1] ?? 1;
  return (
    <Panel
      id="dead"
      title="Dead letters"
      error={data ? undefined : error}
      end={
        <a class="link" href="#/dead-letters">
          All {count(total)}
        </a>
      }
    >
      {data && rows.length === 0 && <Empty>No dead letters. Submit `fail` to see one (N).</Empty>}
      <ul class="reasons">
        {rows.map(([reason, number]) => (
          <li key={reason}>
            <span class="clip mono">{reason}</span>
            <span class="bar">
              <i style={{ width: `${(100 * number) / most}%` }} />
            </span>
            <span class="num">{count(number)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function DeadLettersView() {
  const { data, error, reload } = useQuery("dead letters", list);
  const [open, setOpen] = useState<string>();
  const act = useAction();
  const confirm = useConfirm();
  const replay = (id: string) =>
    act("Replayed", () => client.gateway.replayDeadLetter({ params: { id } }).finally(reload));
  const drop = async (id: string) => {
    const isSure = await confirm({
      title: "Drop 1 dead letter?",
      text: "It is hidden for good; its job keeps its row.",
      verb: "Drop 1",
    });
    if (isSure) void act("Dropped", () => client.gateway.dropDeadLetter({ params: { id } }).finally(reload));
  };
  return (
    <>
      <div class="page-head">
        <h1>Dead letters</h1>
      </div>
      <Panel
        id="letters"
        title="Waiting for a person"
        error={data ? undefined : error}
        end={data && count(data.items.length)}
      >
        {data?.items.length === 0 && <Empty>No dead letters. Submit `fail` to see one (N).</Empty>}
        <ul class="letters">
          {data?.items.map((letter) => (
            <li key={letter.id}>
              <button
                class="letter"
                type="button"
                aria-expanded={open === letter.id}
                onClick={() => setOpen(open === letter.id ? undefined : letter.id)}
              >
                <span class="code mono">{letter.reason}</span>
                <span class="clip soft">{letter.detail}</span>
                <span class="dim num">{age(Date.now() - Date.parse(letter.diedAt))}</span>
              </button>
              {open === letter.id && (
                <div class="letter-body">
                  <pre class="code-block">{letter.body}</pre>
                  <div class="actions">
                    <button class="btn primary" type="button" onClick={() => void replay(letter.id)}>
                      Replay
                    </button>
                    <button class="btn danger" type="button" onClick={() => void drop(letter.id)}>
                      Drop
                    </button>
                    {letter.jobId && (
                      <a class="btn" href={`#/jobs/${letter.jobId}`}>
                        Its job
                      </a>
                    )}
                  </div>
                </div>
              )}
            </li>
          ))}
        </ul>
      </Panel>
    </>
  );
}
