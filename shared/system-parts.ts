import type { Overview } from "../contracts/api-queries.ts";
import { duration } from "./format.ts";

/** A service or an engine, as the overview shows it. */
export interface SystemPart {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong if `ok` is false. */
  readonly why?: string;
}

const ENGINES = {
  embedded: [["postgres", "PostgreSQL"]],
  full: [
    ["rabbitmq", "RabbitMQ"],
    ["postgres", "PostgreSQL"],
    ["mongodb", "MongoDB"],
    ["redis", "Redis"],
  ],
} as const;
const TOO_FAR_BEHIND_MS = 10_000;

/**
 * Returns a system's services and engines. The overview does not include the gateway, so the caller says whether it
 * answers.
 */
export function partsOf(overview: Overview, { gatewayAnswers }: { gatewayAnswers: boolean }): SystemPart[] {
  const { workers, unavailable, engines, observationLagMs } = overview;
  return [
    { name: "gateway", ok: gatewayAnswers, why: "no answer" },
    {
      name: workers.alive > 1 ? `processor ×${workers.alive}` : "processor",
      ok: workers.alive > 0,
      why: "none alive",
    },
    {
      name: "metrics-engine",
      ok: (observationLagMs ?? 0) < TOO_FAR_BEHIND_MS,
      why: `${duration(observationLagMs)} behind`,
    },
    { name: "read-model", ok: true },
    ...ENGINES[engines].map(([id, name]) => ({
      name,
      ok: !unavailable.some((part) => part === id || (part === "observations" && id === "mongodb")),
      why: "no answer",
    })),
  ];
}
