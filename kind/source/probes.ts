import type { ServiceEntry } from "../../contracts/service-schema.ts";
import { type ComposeService, seconds } from "./compose-file.ts";
import { portName } from "./names.ts";

const LIVE = { periodSeconds: 10, failureThreshold: 6 };
const START_EVERY_SECONDS = 2;

const get = (path: string, port: number) => ({ httpGet: { path, port: portName(port) } });

/** Returns a Compose health check as a command in the container. */
function command(test: readonly string[]): readonly string[] {
  const [kind, ...rest] = test.map((word) => word.replaceAll("$$", "$"));
  return kind === "CMD-SHELL" ? ["/bin/sh", "-c", ...rest] : rest;
}

/**
 * Returns the probes that decide whether a container has started, receives requests, or must be restarted.
 *
 * - Services fail /readyz while they wait for engines, so only /healthz may restart them.
 * - Compose's health checks run unchanged as readiness probes.
 * - An engine counts as started once it accepts a connection. Its health check is not used for this, because
 *   RabbitMQ's, for example, starts a second Erlang VM within the memory limit of the first.
 * - An engine is restarted only if it accepts no connection: restarting a slow engine would not help, and it would lose
 *   the work in progress.
 */
export function probesOf(entry: ServiceEntry, { healthcheck }: ComposeService) {
  const timeoutSeconds = healthcheck ? seconds(healthcheck.timeout) : 5;
  const failureThreshold = healthcheck?.retries ?? 3;
  const startSeconds = healthcheck ? seconds(healthcheck.start_period) : 60;
  const port = entry.health?.port ?? entry.ports[0]?.port ?? 0;
  const connect = { tcpSocket: { port: portName(port) } };
  const exec = healthcheck && { exec: { command: command(healthcheck.test) } };
  const ready = entry.health ? get(entry.health.path, port) : (exec ?? connect);
  const live = entry.role === "service" ? get("/healthz", port) : entry.health ? ready : connect;
  // A health check may be expensive (RabbitMQ's starts an Erlang VM), so it runs no more often than under Compose.
  const periodSeconds = entry.health ? 5 : healthcheck ? seconds(healthcheck.interval) : 10;
  return {
    startupProbe: {
      ...live,
      periodSeconds: START_EVERY_SECONDS,
      timeoutSeconds,
      // A start may take twice as long as under Compose, because the node may still be pulling and unpacking other
      // images.
      failureThreshold: Math.ceil((2 * startSeconds) / START_EVERY_SECONDS),
    },
    readinessProbe: { ...ready, periodSeconds, timeoutSeconds, failureThreshold },
    livenessProbe: { ...live, ...LIVE, timeoutSeconds },
  };
}
