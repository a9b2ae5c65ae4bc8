import type { Observations } from "../../shared/observations/port.ts";
import type { Engines } from "./capabilities.ts";
import type { JobStore } from "./job-store.ts";
import { createShared } from "./share.ts";

/** The engines by name for `/readyz`. Those of the observations are asked together, once for all of them. */
export function engineChecks(
  store: JobStore,
  observations: Pick<Observations, "health">,
  engines: Engines,
): Record<string, () => Promise<void>> {
  const health = createShared(observations.health);
  const answers = (name: string) => async () => {
    if (!(await health.get())[name]) throw new Error(`${name} does not answer`);
  };
  return {
    postgres: store.ping,
    ...(engines === "full" && { mongodb: answers("mongodb"), redis: answers("redis") }),
  };
}
