import type { Overview } from "../../contracts/api-queries.ts";
import registry from "../../contracts/ui-registry.json";

/**
 * Returns the address of another interface on the same host, or undefined where the installation lacks it. The page
 * cannot probe it: its policy lets it reach its own server only.
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
