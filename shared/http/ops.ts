import { Elysia } from "elysia";
import { messageOf } from "../errors.ts";
import type { Metrics } from "../metrics.ts";

export interface OpsOptions {
  readonly service: string;
  readonly version: string;
  readonly metrics: Metrics;
  /** One check for each engine; it rejects when the engine does not answer now. */
  readonly engines: Readonly<Record<string, () => Promise<void>>>;
  readonly stopping: AbortSignal;
  /** False while the service is still being wired; it is not ready then, whatever its engines say. */
  readonly isStarted?: () => boolean;
  /** Milliseconds until a check counts as failed. */
  readonly timeoutMs?: number;
}

/** `/healthz` (the process lives), `/readyz` (its engines answer; 503 names those that do not), `/metrics`. */
export function createOps({
  service,
  version,
  metrics,
  engines,
  stopping,
  isStarted = () => true,
  timeoutMs = 2_000,
}: OpsOptions) {
  async function states(): Promise<Record<string, { up: boolean; reason?: string }>> {
    const checked = await Promise.all(
      Object.entries(engines).map(async ([engine, check]) => {
        try {
          await within(check(), timeoutMs);
          return [engine, { up: true }] as const;
        } catch (error) {
          return [engine, { up: false, reason: messageOf(error) }] as const;
        }
      }),
    );
    return Object.fromEntries(checked);
  }

  metrics.gauge("engine_up", "Whether an engine answers (1) or not (0)", ["engine"], async (gauge) => {
    for (const [engine, { up }] of Object.entries(await states())) gauge.set({ engine }, up ? 1 : 0);
  });
  metrics.gauge("service_info", "Version of the service", ["version"]).set({ version }, 1);

  return new Elysia({ name: "ops" })
    .get("/healthz", () => ({ status: "ok", service, version }))
    .get("/readyz", async ({ set }) => {
      const engineStates = await states();
      const failing = Object.keys(engineStates).filter((engine) => !engineStates[engine]?.up);
      const ready = failing.length === 0 && !stopping.aborted && isStarted();
      if (!ready) set.status = 503;
      return {
        status: stopping.aborted ? "stopping" : !isStarted() ? "starting" : ready ? "ready" : "not-ready",
        service,
        version,
        engines: engineStates,
        failing,
      };
    })
    .get(
      "/metrics",
      async () =>
        new Response(await metrics.registry.metrics(), {
          headers: { "content-type": metrics.registry.contentType },
        }),
    );
}

function within(check: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    check.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
