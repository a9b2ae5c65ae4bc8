import { type Static, Type } from "@sinclair/typebox";
import { published, StringEnum, Timestamp } from "./schema.ts";

/** An alert as the APIs show it. */
export const Alert = published(
  "alert",
  "1.0.1",
  Type.Object({
    id: Type.String({ description: "The alert's fingerprint. Alerts with equal labels have equal ids" }),
    name: Type.String(),
    severity: StringEnum(["critical", "warning", "info"]),
    state: StringEnum(["firing", "resolved", "silenced"]),
    summary: Type.String(),
    description: Type.Optional(Type.String()),
    startsAt: Timestamp,
    endsAt: Type.Optional(Timestamp),
    labels: Type.Record(Type.String(), Type.String()),
    runbookUrl: Type.Optional(Type.String()),
    generatorUrl: Type.Optional(Type.String()),
  }),
);
export type Alert = Static<typeof Alert>;

/** The checked part of Alertmanager's webhook body. A call only triggers a refresh, so the rest is ignored. */
export const AlertWebhook = published(
  "alert-webhook",
  "1.0.0",
  Type.Object({
    version: Type.String(),
    status: StringEnum(["firing", "resolved"]),
    alerts: Type.Array(Type.Unknown()),
  }),
);
