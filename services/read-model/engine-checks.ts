import type { Observations } from "../../shared/observations/port.ts";
import { createSharedCall } from "../../shared/shared-call.ts";
import type { Engines } from "./capabilities.ts";
import type { JobDatabase } from "./job-database.ts";

/** Returns one check per engine name for `/readyz`. MongoDB and Redis share one call of `health`, which checks both. */
export function engineChecks(
  store: JobDatabase,
  observations: Pick<Observations, "health">,
  engines: Engines,
): Record<string, () => Promise<void>> {
  const health = createSharedCall(observations.health);
  const answers = (name: string) => async () => {
    if (!(await health.get())[name]) throw new Error(`${name} does not answer`);
  };
  return {
    postgres: store.ping,
    ...(engines === "full" && { mongodb: answers("mongodb"), redis: answers("redis") }),
  };
}
