import { count, duration } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { Panel } from "../parts/panel.tsx";
import { useQuery } from "../query.ts";

/** The proof that nothing is lost: the sum, and what is accused. */
export function LedgerPanel() {
  const { data, error } = useQuery("ledger", (signal) => client.readModel.ledger({}, { signal }));
  if (!data)
    return (
      <Panel id="ledger" title="Ledger" error={error}>
        <p class="soft">Counting</p>
      </Panel>
    );
  const parts = [
    ["completed", data.completed],
    ["failed", data.failed],
    ["cancelled", data.cancelled],
    ["rejected", data.rejected],
    ["in flight", data.inFlight],
    ["only dead letters", data.deadLettered],
  ] as const;
  const [waiting] = data.waitingFor ?? [];
  return (
    <Panel
      id="ledger"
      title="Ledger"
      end={data.behindMs === undefined ? "" : `${duration(data.behindMs)} behind`}
    >
      <div class="seal">
        <span class={data.balanced ? "ring" : "ring broken"}>
          <Icon name={data.balanced ? "tick" : "failed"} />
        </span>
        <div>
          <strong>
            {data.accepted === 0 ? "Nothing accepted yet" : data.balanced ? "Balanced" : "Not balanced"}
          </strong>
          <span class="soft">{waiting ? waiting.message : "Every accepted job is accounted for, by id"}</span>
        </div>
      </div>
      <p class="sum">
        <span>
          <b>{count(data.accepted)}</b> accepted
        </span>
        {parts.map(([name, value], i) => (
          <>
            <span class="dim">{i === 0 ? "=" : "+"}</span>
            <span>
              <b>{count(value)}</b> {name}
            </span>
          </>
        ))}
      </p>
      <dl class="accuse">
        {(["lost", "unobserved", "duplicated"] as const).map((name) => (
          <div>
            <dt>{name.charAt(0).toUpperCase() + name.slice(1)}</dt>
            <dd>{count(data[name].count)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
