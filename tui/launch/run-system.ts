import { join, resolve } from "node:path";
import { messageOf } from "../../shared/errors.ts";
import { createLog } from "../../shared/log.ts";
import { createLifecycle, type Lifecycle } from "../../shared/process-lifecycle.ts";
import { missingEngines } from "../engines/missing.ts";
import type { DevOptions } from "./cli.ts";
import { runComposeEngines } from "./compose-engines.ts";
import { engineSets } from "./engine-set.ts";
import { readGivenUrls } from "./given-urls.ts";
import { greet, sayWhatRuns } from "./greeting.ts";
import { interrupted, onInterrupt } from "./interrupt.ts";
import { openTui } from "./open-tui.ts";
import { defaultDataDir, mustBeClone, projectDir } from "./place.ts";
import { NO_OBSERVERS, OBSERVER_NAMES, planObservers } from "./plan-observers.ts";
import { planServices, urlOf } from "./plan-services.ts";
import { createPrinter, type Printer, withProgress } from "./printer.ts";
import { privateEngines, removeEngineData, runEngines } from "./private-engines.ts";
import { readableLine } from "./readable-line.ts";
import { runObservers } from "./run-observers.ts";
import { isReplaceable, removeLogs, runServices } from "./running-services.ts";
import { claimFolder, type StateFile } from "./state-file.ts";
import { runDemo, submitSamples } from "./submit.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";
import { watchSources } from "./watch-sources.ts";

interface Run {
  readonly options: DevOptions;
  readonly dataDir: string;
  readonly printer: Printer;
  readonly file: StateFile;
  readonly life: Lifecycle;
  /** Aborts when the system should stop. */
  readonly signal: AbortSignal;
  /** Registers a function that a second Ctrl-C calls. */
  onKill(kill: () => Promise<void> | void): void;
}

/**
 * Runs the whole system until Ctrl-C, or until the user stops it from the terminal UI. Prints its progress, and resolves
 * with the exit code. Both `bun run dev` and `odd-dashboard up` call it.
 */
export async function runSystem(options: DevOptions): Promise<number> {
  const printer = createPrinter(process.stdout, process.env);
  if (options.tui && !(printer.isTerminal && process.stdin.isTTY)) {
    printer.line("--tui needs a terminal, but input or output is not one; start without --tui");
    return 1;
  }
  const dataDir = options.ephemeral ? createTemporaryFolder() : resolve(options.data ?? defaultDataDir());
  const claim = await claimFolder(dataDir);
  if ("runningAs" in claim) {
    sayWhatRuns(printer, claim.runningAs);
    return 1;
  }

  const kills: (() => Promise<void> | void)[] = [];
  let isKilled = false;
  const signal = onInterrupt(() => {
    isKilled = true;
    printer.status();
    printer.line("Killed");
    void Promise.allSettled(kills.map((kill) => kill())).then(() => process.exit(130));
  });
  const write = (line: string) => printer.line(readableLine(line)?.text);
  const life = createLifecycle({ log: createLog({ service: "dev", level: "warn", write }), graceMs: 60_000 });
  life.defer("state file", claim.file.release);
  let code = 0;
  try {
    const onKill = (kill: () => Promise<void> | void) => void kills.push(kill);
    const isLeft = await start({ options, dataDir, printer, file: claim.file, life, signal, onKill });
    if (!isLeft) await interrupted(signal);
  } catch (error) {
    if (!signal.aborted) {
      printer.line(printer.paint.red(messageOf(error)));
      code = 1;
    }
  }
  const isClean = await withProgress(
    printer,
    () => "Stopping services, then engines",
    life.stop("interrupt"),
  );
  if (isKilled) return 130;
  if (code === 0) printer.line(`Stopped; ${whatIsKept(options, dataDir)}`);
  return isClean ? code : 1;
}

function whatIsKept({ ephemeral, engines }: DevOptions, dataDir: string): string {
  if (ephemeral) return "nothing is kept";
  return `jobs and events are kept in ${engines === "compose" ? "Docker's volumes" : dataDir}`;
}

/** Starts everything. Resolves with whether the user has left the terminal UI and wants the system to stop. */
async function start({ options, dataDir, printer, file, life, signal, onKill }: Run): Promise<boolean> {
  const startedAt = performance.now();
  const set = options.engines === "compose" ? undefined : engineSets[options.engines];
  const given = await readGivenUrls(process.env);
  const which = set ? privateEngines(set, given.urls) : [];
  const faults = [
    ...given.faults,
    ...missingEngines(which).map(({ problem, remedy }) => `${problem}; to install it:\n  ${remedy}`),
  ];
  if (faults.length > 0) throw new Error(faults.join("\n"));

  // Each engine set keeps its own data, because jobs from one set would have no events in another.
  const root = join(dataDir, "engines", options.engines);
  const logDir = join(dataDir, "logs");
  if (options.fresh) {
    await removeEngineData(root, [...which, ...OBSERVER_NAMES]);
    removeLogs(logDir);
  }

  const onProgress = (line: string) => printer.line(line);
  const pending = new Set(which);
  const engineOptions = { given: given.urls, signal, onProgress };
  const engines = set
    ? await withProgress(
        printer,
        () => `Waiting for ${[...pending].join(", ")}`,
        runEngines({ set, root, ...engineOptions, onReady: (name) => pending.delete(name) }),
      )
    : await withProgress(
        printer,
        () => "Starting the engines of compose.yaml",
        runComposeEngines({ projectDir: mustBeClone("--engines compose"), ...engineOptions }),
      );
  life.defer("engines", engines.stop);
  onKill(engines.kill);
  signal.throwIfAborted();

  const bindAddress = process.env.BIND_ADDRESS || "127.0.0.1";
  const plans = await planServices(options.processors, bindAddress);
  for (const { id, port, moved } of plans) {
    if (!moved) continue;
    printer.line(`Port ${moved.from} is taken by ${moved.holder ?? "another program"}: ${id} uses ${port}`);
  }
  const observers = projectDir === undefined ? NO_OBSERVERS : await planObservers(process.env, onProgress);
  const env = { ...process.env, ...observers.env };
  const services = await runServices({
    plans,
    urls: engines.urls,
    logDir,
    env,
    printer,
    life,
    signal,
    bindAddress,
    reload: options.reload && projectDir !== undefined,
    onSpawn: file.own,
    onKill,
  });
  if (options.reload && projectDir !== undefined) {
    const endWatch = watchSources({
      projectDir,
      onChange(names, changed) {
        const replaced = [...names].filter(isReplaceable).join(", ");
        const others = [...names].filter((name) => !isReplaceable(name)).join(", ");
        const left = others && `the next start applies it to ${others}`;
        printer.line(
          `${changed} changed: ${[replaced && `restarting ${replaced}`, left].filter(Boolean).join("; ")}`,
        );
        services.replace(names);
      },
      onFault: (message) =>
        printer.line(`${printer.paint.red(message)}\n  The services keep running the previous source`),
    });
    life.defer("watch", endWatch);
  }

  const rows = [
    ...plans.map(({ id, url, purpose }) => ({ name: id, address: url, purpose })),
    ...engines.rows,
    ...observers.rows,
  ];
  const urls = Object.fromEntries(plans.map(({ id, url }) => [id, url]));
  file.update({ addresses: rows, services: urls, engines: engines.urls });
  const gatewayUrl = urlOf(plans, "gateway");
  const readModelUrl = urlOf(plans, "read-model");
  const processorUrl = urlOf(plans, "processor");
  const pageUrl = plans.find(({ service }) => service === "web-ui")?.url;
  greet(printer, rows, gatewayUrl, readModelUrl, pageUrl);
  printer.line(`Up in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  if (options.ephemeral)
    printer.line("Nothing is kept: jobs and events are deleted when this ends (--ephemeral)");

  const { brokerMetrics } = engines;
  runObservers({ plan: observers, services: plans, brokerMetrics, root, life, signal, onProgress, onKill });

  const samples = await submitSamples({ gatewayUrl, processorUrl, readModelUrl, signal });
  if (samples.length > 0)
    printer.line(`The store was empty: submitted a sample job of each type (${samples.join(", ")})`);
  if (options.demo) {
    const demo = runDemo({ gatewayUrl, processorUrl, signal }, onProgress);
    life.defer("demo", () => demo);
    printer.line("Demo: one or two jobs per second until Ctrl-C");
  }
  return options.tui && (await openTui({ gatewayUrl, readModelUrl, printer, signal }));
}
