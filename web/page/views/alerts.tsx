import { age, count } from "../../../shared/format.ts";
import { client } from "../client.ts";
import { Icon } from "../icon.tsx";
import { Empty, Panel } from "../parts/panel.tsx";
import { useQuery } from "../query.ts";

const ORDER = ["critical", "warning", "info"];

interface AlertsPanelProps {
  readonly class?: string;
  /** How many jobs have failed. Alerts about failures link to them. */
  readonly failed?: number | undefined;
}

/** Lists the firing alerts, most severe first. */
export function AlertsPanel({ class: className, failed = 0 }: AlertsPanelProps) {
  const { data, error } = useQuery("alerts", (signal) => client.readModel.alerts({}, { signal }));
  const firing = (data?.items ?? [])
    .filter(({ state }) => state === "firing")
    .sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  const end = data?.source === "none" ? "no Alertmanager" : `${firing.length} firing`;
  return (
    <Panel
      id="alerts"
      busy={!data && !error}
      title="Alerts"
      class={className}
      flush={firing.length > 0}
      end={data && end}
      error={data ? undefined : error}
    >
      {data?.source === "none" && (
        <Empty>
          This installation raises no alerts. Install prometheus and alertmanager, or use Docker Compose.
        </Empty>
      )}
      {data && data.source !== "none" && firing.length === 0 && <Empty>No alerts are firing.</Empty>}
      {firing.map((alert) => (
        <article class={`alert ${alert.severity}`} key={alert.id}>
          <span class="sev">
            <Icon name="warn" />
          </span>
          <h3>{alert.name}</h3>
          <span class="dim">{age(Date.now() - Date.parse(alert.startsAt))}</span>
          <p>
            {alert.severity.charAt(0).toUpperCase() + alert.severity.slice(1)}: {alert.summary}
          </p>
          {(alert.runbookUrl || failed > 0) && (
            <div class="acts">
              {failed > 0 && /fail|dead/i.test(alert.name) && (
                <a class="link" href="#/jobs?filter=status%3Afailed">
                  See {count(failed)} failed jobs
                </a>
              )}
              {alert.runbookUrl && (
                <a class="link" href={alert.runbookUrl} rel="noreferrer">
                  Runbook
                </a>
              )}
            </div>
          )}
        </article>
      ))}
    </Panel>
  );
}

export function AlertsView() {
  return (
    <>
      <div class="page-head">
        <h1>Alerts</h1>
      </div>
      <AlertsPanel />
    </>
  );
}
