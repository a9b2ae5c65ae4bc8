import { JobRequest, MAX_BATCH_JOBS } from "../../../contracts/api-commands.ts";
import { startTimeOf } from "../../../shared/start-time.ts";
import type { PayloadSchema } from "./payload-schema.ts";
import { type Faults, schemaFaults } from "./schema-faults.ts";

const { priority, maxAttempts, idempotencyKey } = JobRequest.properties;

/** The settings that the form offers besides type and payload. */
export const SETTINGS: Readonly<Record<string, PayloadSchema & { readonly label: string }>> = {
  priority: { ...(priority as PayloadSchema), label: "Priority" },
  maxAttempts: { ...(maxAttempts as PayloadSchema), label: "Tries" },
  runAt: {
    type: "string",
    label: "Start",
    description: "+30s, +5m, +2h or a time like 2027-01-31T09:00:00Z",
  },
  count: { type: "integer", minimum: 1, maximum: MAX_BATCH_JOBS, default: 1, label: "How many" },
  idempotencyKey: {
    ...(idempotencyKey as PayloadSchema),
    label: "Idempotency key",
    description: "a repeated key creates no second job",
  },
};

export type Settings = Readonly<Record<string, unknown>>;

/** Returns the faults of the settings, keyed by the gateway's paths, such as `/priority`. */
export function settingFaults(settings: Settings, now: number): Faults {
  const { runAt, count, idempotencyKey: key } = settings;
  const faults = new Map(schemaFaults({ type: "object", properties: SETTINGS }, settings, ""));
  if (typeof runAt === "string" && startTimeOf(runAt.trim(), now) === null)
    faults.set("/runAt", "Must be +30s, +5m, +2h or an RFC 3339 time");
  if (key !== undefined && typeof count === "number" && count > 1)
    faults.set("/idempotencyKey", "A key can identify only one job");
  return faults;
}

/** Converts the settings to the fields of a job request. */
export function requestOf({ count: _, runAt, ...settings }: Settings, now: number): Partial<JobRequest> {
  const start = typeof runAt === "string" ? startTimeOf(runAt.trim(), now) : undefined;
  return { ...settings, ...(start && { runAt: start }) };
}
