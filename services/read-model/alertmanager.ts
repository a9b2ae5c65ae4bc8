import { type Static, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { Alert } from "../../contracts/alert.ts";
import { Timestamp } from "../../contracts/schema.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import { omitUndefined } from "./job-row.ts";

const TIMEOUT_MS = 2_000;
const MAX_ALERTS = 1_000;

/** The fields read from Alertmanager's `gettableAlert` (see its OpenAPI document for /api/v2). */
const GettableAlerts = Type.Array(
  Type.Object({
    fingerprint: Type.String(),
    labels: Type.Record(Type.String(), Type.String()),
    annotations: Type.Record(Type.String(), Type.String()),
    startsAt: Timestamp,
    endsAt: Timestamp,
    generatorURL: Type.Optional(Type.String()),
    status: Type.Object({ state: Type.String() }),
  }),
);
type GettableAlert = Static<typeof GettableAlerts>[number];
const checker = TypeCompiler.Compile(GettableAlerts);

/** Fetches an Alertmanager's alerts, newest first. Rejects with STORE_UNAVAILABLE if it returns no valid list. */
export async function fetchAlerts(baseUrl: string, now: () => Date): Promise<Alert[]> {
  const url = new URL("api/v2/alerts", baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`);
  let reply: unknown;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    reply = await response.json();
  } catch (cause) {
    throw unavailable(messageOf(cause), cause);
  }
  if (!checker.Check(reply)) throw unavailable("its reply is not a list of alerts");
  return reply
    .slice(0, MAX_ALERTS)
    .map((alert) => toAlert(alert, now()))
    .sort((a, b) => Date.parse(b.startsAt) - Date.parse(a.startsAt) || a.id.localeCompare(b.id));
}

/**
 * Converts an alert to the API's form. An alert that Alertmanager has not processed yet counts as firing, and an
 * inhibited alert as silenced.
 */
export function toAlert(alert: GettableAlert, now: Date): Alert {
  const { fingerprint, labels, annotations, startsAt, endsAt, generatorURL, status } = alert;
  // A firing alert's `endsAt` is when Alertmanager will let it expire, so only an `endsAt` in the past is shown.
  const ended = Date.parse(endsAt) <= now.getTime();
  return omitUndefined({
    id: fingerprint,
    name: labels.alertname ?? "unnamed",
    severity: severityOf(labels.severity),
    state: ended ? "resolved" : status.state === "suppressed" ? "silenced" : "firing",
    summary: annotations.summary ?? annotations.message ?? labels.alertname ?? "",
    description: annotations.description,
    startsAt,
    endsAt: ended ? endsAt : undefined,
    labels,
    runbookUrl: annotations.runbook_url,
    generatorUrl: generatorURL || undefined,
  });
}

function severityOf(label: string | undefined): Alert["severity"] {
  return label === "critical" || label === "info" ? label : "warning";
}

function unavailable(reason: string, cause?: unknown): AppError {
  return new AppError("STORE_UNAVAILABLE", `Alertmanager could not be queried: ${reason}`, {
    facts: { engine: "alertmanager" },
    cause,
  });
}
