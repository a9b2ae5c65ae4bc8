import { Elysia } from "elysia";
import { OWN_SERVICES, SERVICE_NAMES } from "../../contracts/services.ts";
import { within } from "../async.ts";
import { messageOf } from "../errors.ts";
import type { Metrics } from "../metrics.ts";
import { createHome, type HomeOptions } from "./home.ts";

export interface OpsOptions {
  readonly service: string;
  readonly version: string;
  readonly metrics: Metrics;
  /** One check per engine, which rejects if the engine is not answering. */
  readonly engines: Readonly<Record<string, () => Promise<void>>>;
  /**
   * Background duties by name: each function returns the reason why its duty is stuck, or undefined if the duty is
   * making progress. A service with a stuck duty is not ready, however healthy its engines look.
   */
  readonly duties?: Readonly<Record<string, () => string | undefined>>;
  /** The service's other pages, by path. The home page links to them. */
  readonly links?: HomeOptions["links"];
  readonly stopping: AbortSignal;
  /** False until the service has started; until then it is not ready, whatever the state of its engines. */
  readonly isStarted?: () => boolean;
  /** The time limit of an engine's check. */
  readonly timeoutMs?: number;
}

/**
 * Serves the operations routes. `/healthz` answers while the process is alive. `/readyz` answers 200 if the service has
 * started and is not stopping, all engines answer, and all duties make progress; otherwise 503, with the reasons.
 * `/metrics` serves the metrics. If the service is in `OWN_SERVICES`, `/` serves a home page that links to its other pages.
 */
export function createOps({
  service,
  version,
  metrics,
  engines,
  duties = {},
  links = {},
  stopping,
  isStarted = () => true,
  timeoutMs = 2_000,
}: OpsOptions) {
  async function states(): Promise<Record<string, { up: boolean; reason?: string }>> {
    const checked = await Promise.all(
      Object.entries(engines).map(async ([engine, check]) => {
        try {
          await within(timeoutMs, check());
          return [engine, { up: true }] as const;
        } catch (error) {
          return [engine, { up: false, reason: messageOf(error) }] as const;
        }
      }),
    );
    return Object.fromEntries(checked);
  }

  metrics.gauge(
    "observatory_engine_up",
    "Whether an engine answers (1) or not (0)",
    ["engine"],
    async (gauge) => {
      for (const [engine, { up }] of Object.entries(await states())) gauge.set({ engine }, up ? 1 : 0);
    },
  );
  const stuckDuties = () =>
    Object.entries(duties).flatMap(([duty, whyStuck]) => {
      const reason = whyStuck();
      return reason === undefined ? [] : [{ duty, reason }];
    });
  metrics.gauge(
    "observatory_duty_stuck",
    "1 while a background duty makes no progress, 0 otherwise",
    ["duty"],
    (gauge) => {
      for (const [duty, whyStuck] of Object.entries(duties))
        gauge.set({ duty }, whyStuck() === undefined ? 0 : 1);
    },
  );
  metrics.gauge("service_info", "Version of the service", ["version"]).set({ version }, 1);

  const own = SERVICE_NAMES.find((name) => name === service);
  return (
    new Elysia({ name: "ops" })
      // Other programs that use these routes have no home page.
      .use(own ? createHome({ service, version, purpose: OWN_SERVICES[own].purpose, links }) : new Elysia())
      .get("/healthz", () => ({ status: "ok", service, version }))
      .get("/readyz", async ({ set }) => {
        const engineStates = await states();
        const stuck = stuckDuties();
        const failing = [
          ...Object.keys(engineStates).filter((engine) => !engineStates[engine]?.up),
          ...stuck.map(({ duty }) => duty),
        ];
        const ready = failing.length === 0 && !stopping.aborted && isStarted();
        if (!ready) set.status = 503;
        return {
          status: stopping.aborted ? "stopping" : !isStarted() ? "starting" : ready ? "ready" : "not-ready",
          service,
          version,
          engines: engineStates,
          stuck,
          failing,
        };
      })
      .get(
        "/metrics",
        async () =>
          new Response(await metrics.registry.metrics(), {
            headers: { "content-type": metrics.registry.contentType },
          }),
      )
  );
}
