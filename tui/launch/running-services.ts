import { mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { JOB_SERVICES, type ServiceName } from "../../contracts/services.ts";
import type { Lifecycle } from "../../shared/process-lifecycle.ts";
import type { EngineUrls } from "./engine-set.ts";
import { createFront } from "./front.ts";
import { projectDir, serviceCommand } from "./place.ts";
import { environmentOf, type ServicePlan } from "./plan-services.ts";
import type { Printer } from "./printer.ts";
import { withProgress } from "./printer.ts";
import { inWords, readableLine } from "./readable-line.ts";
import { followLog } from "./service-log.ts";
import { createStartWatch } from "./start-watch.ts";
import { type Supervised, supervise } from "./supervise.ts";

export interface RunServicesOptions {
  readonly plans: readonly ServicePlan[];
  readonly urls: EngineUrls;
  readonly logDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly printer: Printer;
  /**
   * Whether to replace services when their source changes. If so, a proxy (the front) listens on each service's port
   * and forwards to the current process.
   */
  readonly reload: boolean;
  /** The address that the services listen on. */
  readonly bindAddress: string;
  /** Receives each service's stop function. The services stop in the order of `plans`. */
  readonly life: Pick<Lifecycle, "defer">;
  readonly signal: AbortSignal;
  onSpawn(pid: number): void;
  /** Registers a function that a second Ctrl-C calls. */
  onKill(kill: () => void): void;
}

export interface RunningServices {
  /**
   * Replaces each of these services with a process that runs the current source. The old process serves until the new
   * one is ready.
   */
  replace(services: ReadonlySet<ServiceName>): void;
}

const DEFAULT_GRACE_MS = 10_000;

/** Starts the services, resolves when all are ready, and keeps them running until `life` stops them. */
export async function runServices(options: RunServicesOptions): Promise<RunningServices> {
  const { plans, printer, signal } = options;
  mkdirSync(options.logDir, { recursive: true });
  const running = new Map<ServicePlan, Supervised>();
  const refusals = createRefusals(printer);
  // `life` stops services in the reverse order of their start, so the service that stops last is started first.
  for (const plan of [...plans].reverse()) {
    const one = runService(plan, options, refusals);
    running.set(plan, one);
    options.onKill(one.kill);
  }
  const supervised = [...running.values()].reverse();

  const waiting = new Set(supervised);
  await withProgress(
    printer,
    () => `Waiting for ${[...waiting].map((one) => `${one.id}: ${one.waitingFor ?? "start"}`).join("; ")}`,
    Promise.all(supervised.map((one) => one.ready(signal).finally(() => waiting.delete(one)))),
  );
  return {
    replace(services) {
      refusals.forget();
      for (const [plan, one] of running)
        if (isReplaceable(plan.service) && services.has(plan.service)) one.replace();
    },
  };
}

function runService(plan: ServicePlan, options: RunServicesOptions, refusals: Refusals): Supervised {
  const { printer, env, life, logDir, urls, plans } = options;
  const { paint } = printer;
  const logFile = join(logDir, `${plan.id}.log`);
  // Deferred functions run in reverse order: `tail.stop`, deferred first, runs after the process has ended and so reads
  // its last log lines.
  const watch = createStartWatch();
  let knownWords: string | undefined;
  const tail = followLog({
    file: logFile,
    judge: watch.judge,
    onLine: (line) => printer.line(`${paint.yellow(plan.id)} ${line}`),
  });
  life.defer(`${plan.id} log`, tail.stop);
  const supervised = supervise({
    id: plan.id,
    command: serviceCommand(plan.service),
    cwd: projectDir ?? process.cwd(),
    env: (port) => ({ ...environmentOf(plan, plans, urls, env), PORT: String(port) }),
    logFile,
    url: plan.url,
    ...(options.reload &&
      isReplaceable(plan.service) && {
        front: createFront({ id: plan.id, hostname: options.bindAddress, port: plan.port }),
      }),
    stopMs: graceMs(env) + 5_000,
    onSpawn(pid) {
      watch.spawned();
      options.onSpawn(pid);
    },
    onReady(ms, count) {
      watch.ready();
      tail.catchUp();
      const again = count > 1 ? "again " : "";
      printer.line(`${plan.id} on ${new URL(plan.url).host}, ready ${again}in ${seconds(ms)} s`);
    },
    onLinger: () =>
      printer.line(`${plan.id} runs the new source; the previous process is finishing its work`),
    onRefused(end, lastWords) {
      tail.skip();
      refusals.report(plan.id, end, lastWords);
    },
    onCrash: (end, lastWords, retryMs) => {
      tail.skip();
      const isKnown = lastWords !== "" && lastWords === knownWords;
      knownWords = lastWords;
      const what = isKnown ? "same reason as before" : "its last lines:";
      printer.line(paint.red(`${plan.id} ${end}, restarting in ${seconds(retryMs)} s; ${what}`));
      if (isKnown) return;
      for (const line of lastWords.split("\n")) printer.line(`  ${paint.dim(inWords(line).text)}`);
      printer.line(`  (the whole log: ${relative(process.cwd(), logFile)})`);
    },
  });
  life.defer(plan.id, supervised.stop);
  return supervised;
}

/**
 * Whether a running service can be replaced. web-pty cannot, because its terminals live in its process; nor can the
 * page, which bundles its sources only at its start.
 */
export function isReplaceable(service: ServicePlan["service"]): service is ServiceName {
  return JOB_SERVICES.some((name) => name === service);
}

interface Refusals {
  report(id: string, end: string, lastWords: string): void;
  forget(): void;
}

/** Reports why a service does not start from its new source, once for all services with the same reason. */
function createRefusals({ line, paint }: Printer): Refusals {
  let known: string | undefined;
  return {
    report(id, end, lastWords) {
      const complaints = lastWords.split("\n").flatMap((text) => readableLine(text)?.text ?? []);
      const words = complaints.slice(-12).join("\n  ");
      const isKnown = words === known;
      known = words;
      const why = isKnown ? "same reason as above" : "its last lines:";
      line(
        paint.red(`${id} ${end} when started from the new source, so the previous process continues; ${why}`),
      );
      if (!isKnown) line(`  ${paint.dim(words)}`);
    },
    forget() {
      known = undefined;
    },
  };
}

/** Removes the services' logs. */
export function removeLogs(logDir: string): void {
  rmSync(logDir, { recursive: true, force: true });
}

function graceMs(env: Readonly<Record<string, string | undefined>>): number {
  const given = Number(env.STOP_GRACE_MS || DEFAULT_GRACE_MS);
  return Number.isFinite(given) ? given : DEFAULT_GRACE_MS;
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);
