import type { Addresses } from "../../../shared/api-client/addresses.ts";
import { fetchFailure } from "../../../shared/http/fetch-failure.ts";
import { type Check, fail, ok, warn } from "./check.ts";

const ANSWER_MS = 3_000;

/** Checks whether each service is ready. Returns a single warning if nothing is running. */
export async function checkServices(
  { gatewayUrl, readModelUrl }: Addresses,
  running: Readonly<Record<string, string>>,
): Promise<Check[]> {
  const urls = { gateway: gatewayUrl, "read-model": readModelUrl, ...running };
  const checks = await Promise.all(
    Object.entries(urls).map(async ([name, url]) => serviceCheck(name, url, name in running)),
  );
  if (checks.some(({ status }) => status === "OK") || Object.keys(running).length > 0) return checks;
  if (checks.every(({ detail }) => detail.startsWith("does not answer")))
    return [
      warn(
        "services",
        "services",
        `nothing answers at ${gatewayUrl} and ${readModelUrl}`,
        "Start the system with `bun run dev`, or set GATEWAY_URL and READ_MODEL_URL to where it runs",
      ),
    ];
  return checks;
}

/**
 * Checks a service's `/readyz`. A service that does not answer counts as a failure if it must run, and otherwise as a
 * warning.
 */
export async function serviceCheck(name: string, url: string, mustRun: boolean): Promise<Check> {
  const id = `service-${name}`;
  const remedy = `Check the log of ${name}; \`bun run dev\` prints what it is waiting for`;
  const bad = mustRun ? fail : warn;
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const reply = (await response.json()) as { version?: string; status?: string; failing?: string[] };
    if (response.ok) return ok(id, name, `${reply.version ?? ""} ready at ${url}`.trim());
    const failing = reply.failing?.length ? `, waits for ${reply.failing.join(", ")}` : "";
    return fail(id, name, `${reply.status ?? response.status} at ${url}${failing}`, remedy);
  } catch (error) {
    return bad(id, name, `does not answer at ${url} (${fetchFailure(error, ANSWER_MS)})`, remedy);
  }
}
