import { OWN_SERVICES, SERVICE_CATALOG } from "../../../contracts/services.ts";
import { isFree } from "../../engines/port.ts";
import { findPortHolder } from "../../launch/port-holder.ts";
import { type Check, ok, onlyFor, warn } from "./check.ts";

/**
 * Checks every port that the system would use and, if it is taken, names the program that holds it. `ours` are the
 * running system's URLs.
 */
export async function checkPorts(ours: readonly string[]): Promise<Check[]> {
  const mine = new Set(ours.map((url) => Number(new URL(url).port)));
  const dev = Object.entries(OWN_SERVICES).map(([name, { health }]) => [health.port, name] as const);
  const published = SERVICE_CATALOG.services.flatMap(({ name, ports }) =>
    ports.flatMap((one) => (one.published ? [[one.published.port, name] as const] : [])),
  );
  const wanted = new Map([...published, ...dev]);
  const inDev = new Set(dev.map(([port]) => port));
  return Promise.all(
    [...wanted]
      .sort(([a], [b]) => a - b)
      .map(async ([port, service]) => {
        const id = `port-${port}`;
        const name = `port ${port}`;
        if (mine.has(port)) return ok(id, name, `in use by the running ${service}`);
        if (await isFree(port)) return ok(id, name, `free for ${service}`);
        const detail = `${service} would use it, but ${findPortHolder(port) ?? "another program"} holds it`;
        if (inDev.has(port))
          return warn(
            id,
            name,
            `${detail}; the next free port is used instead`,
            `Stop the holder to run ${service} on its usual port`,
          );
        return onlyFor(
          "compose",
          id,
          name,
          detail,
          "Stop the holder, or choose another port in compose/.env",
        );
      }),
  );
}
