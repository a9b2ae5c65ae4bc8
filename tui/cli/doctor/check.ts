import type { DoctorReport } from "../outputs.ts";

export type Check = DoctorReport["checks"][number];

/** Ways to run the system, smallest first. */
export type Tier = "embedded" | "full" | "compose" | "kind";

export const ok = (id: string, name: string, detail: string): Check => ({ id, name, status: "OK", detail });

export const warn = (id: string, name: string, detail: string, remedy: string): Check => ({
  id,
  name,
  status: "WARN",
  detail,
  remedy,
});

export const fail = (id: string, name: string, detail: string, remedy: string): Check => ({
  id,
  name,
  status: "FAIL",
  detail,
  remedy,
});

/** Returns a warning about something that only `tier` needs. */
export const onlyFor = (tier: Tier, id: string, name: string, detail: string, remedy: string): Check =>
  warn(id, name, `${detail}; only the ${tier} tier needs it`, remedy);
