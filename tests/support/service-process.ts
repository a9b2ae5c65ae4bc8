import { join } from "node:path";
import { type Subprocess, spawn } from "bun";
import type { ServiceName } from "../../contracts/services.ts";
import { findFreePort } from "../../tui/engines/port.ts";
import { eventually } from "./wait.ts";

const ROOT = join(import.meta.dir, "../..");
const MAX_LINES = 2_000;

/** A service, or the page's server. */
export type Startable = ServiceName | "web-ui";

/** A service that runs in its own process. */
export interface ServiceProcess<N extends Startable = ServiceName> {
  readonly name: N;
  readonly url: string;
  readonly pid: number;
  /** The newest log lines. */
  readonly lines: readonly string[];
  signal(signal: NodeJS.Signals): void;
  hasEnded(): boolean;
  /** Resolves to the exit code or the signal's name when the process has ended. */
  readonly ended: Promise<number | string>;
  /** Sends SIGTERM and waits. */
  stop(): Promise<number | string>;
  /** Sends SIGKILL and waits. */
  kill(): Promise<void>;
}

/**
 * Starts a service on a free port, from the sources at `root` or by default with {@link command}. Resolves when the
 * service reports ready.
 */
export async function startService<N extends Startable = ServiceName>(
  name: N,
  env: Readonly<Record<string, string>>,
  { ready = true, root }: { ready?: boolean; root?: string | undefined } = {},
): Promise<ServiceProcess<N>> {
  const lines: string[] = [];
  const port = env.PORT ?? String(await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(root ? [process.execPath, join(root, sourceOf(name))] : command(name), {
    cwd: root ?? ROOT,
    // Passes on only the test's variables, so the developer's shell cannot affect a test.
    env: {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "",
      LOG_LEVEL: "info",
      SERVICE: name,
      ...env,
      PORT: port,
      // web-pty serves health and metrics on a separate port.
      PTY_METRICS_PORT: port,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  void collect(child.stdout, lines);
  void collect(child.stderr, lines);
  const ended = child.exited.then((code) => child.signalCode ?? code);

  const service: ServiceProcess<N> = {
    name,
    url,
    pid: child.pid,
    lines,
    signal: (signal) => child.kill(signal),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    ended,
    async stop() {
      child.kill("SIGTERM");
      return ended;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
  if (ready)
    await untilUp(child, async () => (await fetch(`${url}/readyz`)).ok, `${name} to be ready`, lines);
  return service;
}

async function untilUp<T>(
  child: Subprocess,
  ask: () => Promise<T | undefined | false> | T | undefined,
  what: string,
  lines: readonly string[],
): Promise<T> {
  try {
    return await eventually(
      () => {
        if (child.exitCode === null && child.signalCode === null) return ask();
        throw new Error(`it ended with ${child.signalCode ?? `code ${child.exitCode}`}`);
      },
      { what, timeoutMs: 30_000 },
    );
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`${(error as Error).message}\n${lines.slice(-20).join("\n")}`);
  }
}

async function collect(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts.filter(Boolean));
    if (lines.length > MAX_LINES) lines.splice(0, lines.length - MAX_LINES);
  }
  if (rest) lines.push(rest);
}

const sourceOf = (name: Startable) => (name === "web-ui" ? "web/server.ts" : `services/${name}/main.ts`);

let measured = 0;

/** The variable that names a folder of compiled binaries to run instead of the sources. */
export const TEST_BINARIES = "OBSERVATORY_BINARIES";

/**
 * Returns the command that runs a service: from source, or the binary in {@link TEST_BINARIES}. When line coverage is
 * measured, the service runs inside the test runner, with a separate report for each process.
 */
export function command(name: Startable): string[] {
  const binaries = process.env[TEST_BINARIES];
  if (binaries && name !== "web-ui") return [join(binaries, name)];
  const folder = process.env.OBSERVATORY_COVERAGE;
  if (!folder) return [process.execPath, join(ROOT, sourceOf(name))];
  const report = `--coverage-dir=${join(folder, `${name}-${process.pid}-${measured++}`)}`;
  return [
    process.execPath,
    "test",
    "--coverage",
    "--coverage-reporter=lcov",
    report,
    "./tests/support/covered-service.ts",
  ];
}
