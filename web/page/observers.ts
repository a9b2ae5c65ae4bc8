import type { Overview } from "../../contracts/api-queries.ts";
import registry from "../../contracts/exported/ui-registry.json";

/**
 * Returns the URL of Jaeger's or Grafana's web UI, or undefined if the installation does not include it. The page
 * cannot probe the URL, because its content security policy allows requests only to its own server.
 */
export function pageAt(
  id: "jaeger" | "grafana",
  overview: Overview | undefined,
  path: string,
): string | undefined {
  const port = registry.interfaces.find((one) => one.id === id)?.port;
  return overview?.engines === "full" && port
    ? `${location.protocol}//${location.hostname}:${port}${path}`
    : undefined;
}
