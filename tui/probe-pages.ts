import type { Overview } from "../contracts/api-queries.ts";
import registry from "../contracts/exported/ui-registry.json" with { type: "json" };
import type { UiRegistry } from "../contracts/ui-registry.ts";
import type { PageState } from "./pages.ts";

const { interfaces } = registry as UiRegistry;
const PROBE_MS = 2_000;

/** Pages of engines and observers that only the full system runs. */
const FULL_ONLY: ReadonlySet<string> = new Set([
  "rabbitmq",
  "pgadmin",
  "mongo-express",
  "redisinsight",
  "grafana",
  "jaeger",
]);

/**
 * Reports which registered pages answer: probes them in parallel or, in server mode (inside a browser terminal), infers
 * this from the set of engines.
 */
export async function probePages(
  { readModelUrl, gatewayUrl }: { readModelUrl: string; gatewayUrl: string },
  overview: Overview | undefined,
  signal: AbortSignal,
  { serverMode = false } = {},
): Promise<readonly PageState[]> {
  return Promise.all(
    interfaces.map(async ({ id, name, port, path, description }): Promise<PageState> => {
      // This program knows the actual URLs of the gateway and the read-model, which may differ from the published ones.
      const published = `http://localhost:${port}`;
      const own: Record<string, string> = { "gateway-docs": gatewayUrl, "read-model-docs": readModelUrl };
      const base = serverMode ? published : (own[id] ?? published);
      const url = `${base}${path}`;
      const page = { id, name, url, description };
      // In server mode the screen is shown in a browser, and this process cannot test what the browser can reach.
      const isShown = serverMode ? overview?.engines === "full" : await answers(url, signal);
      if (isShown) return { ...page, state: "reachable" };
      if (overview?.engines === "embedded" && FULL_ONLY.has(id))
        return { ...page, state: "absent", reason: "only in the full system, under Compose" };
      if (id === "prometheus" && overview?.capabilities.prometheus === false)
        return { ...page, state: "absent", reason: "no prometheus on the PATH" };
      return { ...page, state: "unreachable", reason: "does not answer" };
    }),
  );
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]),
      redirect: "manual",
    });
    await response.body?.cancel();
    return response.status < 500;
  } catch {
    // A refused, timed-out or aborted request means that the page cannot be opened now.
    return false;
  }
}

/** Opens a page in the browser. If no browser can be opened, returns `copied: true`, and the caller copies the URL. */
export function openPage(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): { text: string; copied: boolean } {
  const isRemote = Boolean(env.SSH_CONNECTION || env.SSH_TTY);
  const hasDisplay =
    process.platform === "darwin" ||
    process.platform === "win32" ||
    Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  const opener =
    process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open";
  if (!/^https?:/.test(url) || isRemote || !hasDisplay || !Bun.which(opener))
    return { text: `Copied ${url}`, copied: true };
  Bun.spawn([opener, url], { stdin: "ignore", stdout: "ignore", stderr: "ignore" }).unref();
  return { text: `Opened ${url}`, copied: false };
}
