import type { Ledger } from "../../../contracts/api-queries.ts";
import { clock, count, duration } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { verdictOn } from "../ledger-verdict.ts";
import { Empty, Panel } from "../parts/panel.tsx";
import { useQuery } from "../query.ts";

const LEDGER_MS = 2_000;
const ACCUSATIONS = [
  ["lost", "Accepted, but has neither a row nor a dead letter"],
  ["unobserved", "Has a row, but its acceptance was never recorded"],
  ["duplicated", "Ended more than once"],
] as const;

const useLedger = () =>
  useQuery("ledger", (signal) => client.readModel.ledger({}, { signal }), { everyMs: LEDGER_MS });

/**
 * Shows whether the outcomes of the accepted jobs add up, that is, whether no job was lost. The full proof has its own
 * view.
 */
export function LedgerPanel({ class: className }: { class?: string }) {
  const { data, error } = useLedger();
  return (
    <Panel
      id="ledger"
      busy={!data && !error}
      title="Ledger"
      class={className}
      error={data ? undefined : error && new Error(`The ledger cannot count: ${error.message}`)}
      end={
        <a class="link" href="#/ledger">
          Show the proof
        </a>
      }
    >
      <Seal ledger={data} />
      <Sum ledger={data} />
      <dl class="accuse">
        {ACCUSATIONS.map(([name]) => (
          <div key={name}>
            <dt>{name.charAt(0).toUpperCase() + name.slice(1)}</dt>
            <dd class={data && data[name].count > 0 ? "bad" : undefined}>
              {data ? count(data[name].count) : "–"}
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function Seal({ ledger }: { ledger: Ledger | undefined }) {
  const { ring, icon, title, note } = verdictOn(ledger);
  return (
    <div class="seal">
      <span class={ring}>
        <Icon name={icon} />
      </span>
      <div>
        <strong>{title}</strong>
        <span class="soft">{note}</span>
      </div>
    </div>
  );
}

function Sum({ ledger }: { ledger: Ledger | undefined }) {
  const parts = [
    ["completed", ledger?.completed],
    ["failed", ledger?.failed],
    ["cancelled", ledger?.cancelled],
    ["rejected", ledger?.rejected],
    ["in flight", ledger?.inFlight],
    ["only dead letters", ledger?.deadLettered],
  ] as const;
  const number = (value: number | undefined) => <b>{value === undefined ? "–" : count(value)}</b>;
  return (
    <p class="sum">
      <span>{number(ledger?.accepted)} accepted</span>
      {parts
        .filter(([name, value]) => name !== "only dead letters" || (value ?? 0) > 0)
        .map(([name, value], index) => (
          <span key={name}>
            <span class="dim">{index === 0 ? "= " : "+ "}</span>
            {number(value)} {name}
          </span>
        ))}
    </p>
  );
}

/**
 * Shows the proof: the sum up to the watermark (the time up to which jobs have been judged), what holds the watermark
 * back, and the ids of jobs that are lost, unobserved or duplicated.
 */
export function LedgerView() {
  const { data, error } = useLedger();
  const end = data?.behindMs === undefined ? "" : `${duration(data.behindMs)} behind`;
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <a href="#/overview">Overview</a> › Ledger
      </nav>
      <div class="page-head">
        <div>
          <h1>Ledger</h1>
          <p>
            Compares the accepted ids in the event store with the ids in the job store
            {data && `, up to ${clock(Date.parse(data.watermark))}`}.
          </p>
        </div>
      </div>
      <div class="overview">
        <div class="stack">
          <Panel id="balance" title="Balance" end={end} error={data ? undefined : error}>
            <Seal ledger={data} />
            <Sum ledger={data} />
          </Panel>
          {ACCUSATIONS.map(([name, meaning]) => (
            <Panel
              id={name}
              key={name}
              title={name.charAt(0).toUpperCase() + name.slice(1)}
              end={data ? count(data[name].count) : "–"}
            >
              <p class="soft">{meaning}.</p>
              <ul class="ids">
                {data?.[name].ids.map((id) => (
                  <li key={id}>
                    <a class="link mono" href={`#/jobs/${id}`}>
                      {id}
                    </a>
                  </li>
                ))}
              </ul>
              {data && data[name].count > data[name].ids.length && (
                <p class="dim">The first {data[name].ids.length} of them</p>
              )}
            </Panel>
          ))}
        </div>
        <div class="stack">
          <Panel id="waiting" title="What it waits for" end={data && `${(data.waitingFor ?? []).length}`}>
            {(data?.waitingFor ?? []).length === 0 ? (
              <Empty>Nothing: the ledger has judged everything that is old enough.</Empty>
            ) : (
              <ul class="plain">
                {data?.waitingFor?.map(({ what, name, message }) => (
                  <li key={`${what} ${name}`}>{message}</li>
                ))}
              </ul>
            )}
          </Panel>
        </div>
      </div>
    </>
  );
}
