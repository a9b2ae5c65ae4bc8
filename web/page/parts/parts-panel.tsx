import type { Overview } from "../../../contracts/api-queries.ts";
import { partsOf } from "../../../shared/system-parts.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { useQuery } from "../query.ts";
import { Panel } from "./panel.tsx";

const GATEWAY_MS = 10_000;

/** Shows which services and engines answer. */
export function PartsPanel({ overview }: { overview: Overview }) {
  const gateway = useQuery("types", (signal) => client.gateway.listJobTypes({}, { signal }), {
    everyMs: GATEWAY_MS,
  });
  const parts = partsOf(overview, { gatewayAnswers: gateway.error === undefined });
  const well = parts.filter(({ ok }) => ok);
  const down = parts.filter(({ ok }) => !ok);
  return (
    <Panel id="parts" title="Parts" class="o9" end={`${well.length} of ${parts.length} answer`}>
      <ul class="parts">
        {well.map(({ name }) => (
          <li key={name}>
            <Icon name="tick" />
            {name}
          </li>
        ))}
        {down.map(({ name, why }) => (
          <li class="down wide" key={name}>
            <Icon name="failed" />
            {name}
            <span class="ms">{why}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
