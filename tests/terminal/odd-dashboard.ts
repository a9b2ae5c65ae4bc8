import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/wait.ts";
import { createVirtualScreen, type VirtualScreen } from "./virtual-screen.ts";

const projectDir = join(import.meta.dir, "../..");
/** The variable that names an existing binary to use instead of a fresh build, which saves time while editing tests. */
const GIVEN = "ODD_DASHBOARD_BINARY";

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

/** Builds the binary as `bun run build` does. Returns its path and a function that removes it. */
export async function buildDashboard(): Promise<{ binary: string; remove: () => void }> {
  const given = process.env[GIVEN];
  if (given) return { binary: given, remove: () => undefined };
  const folder = mkdtempSync(join(tmpdir(), "observatory-terminal-"));
  const child = Bun.spawn([process.execPath, "tui/build/main.ts", "--out", folder, "odd-dashboard"], {
    cwd: projectDir,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [printed, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`The binary could not be built: ${printed}${complaints}`);
  return { binary: join(folder, "odd-dashboard"), remove: () => rmSync(folder, { recursive: true }) };
}

/** Two writes within this time belong to the same frame. */
const BURST_MS = 10;

/** A program in its own terminal. Tests read the screen and press keys. */
export interface InTerminal extends Omit<VirtualScreen, "resize" | "write"> {
  readonly pid: number;
  readonly exited: Promise<number>;
  /** Returns the milliseconds from the start to the first frame. */
  readonly firstFrameMs: () => number | undefined;
  /** Returns everything that the program has written since the last call, including escape sequences. */
  takeOutput(): string;
  /** Returns how many bursts the program has written since the last call. Writes within milliseconds form one burst. */
  takeBursts(): number;
  type(keys: string): void;
  resize(size: Size): void;
  signal(name: NodeJS.Signals): void;
  /** Resolves once the screen matches; after the timeout, throws an error with the screen's text. */
  shows(pattern: RegExp | string, timeoutMs?: number): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const KEYS = {
  enter: "\r",
  esc: "\x1b",
  tab: "\t",
  up: "\x1b[A",
  down: "\x1b[B",
  right: "\x1b[C",
  left: "\x1b[D",
  ctrlC: "\x03",
} as const;

/** Runs a command in a real pseudo-terminal, with a headless xterm as the screen. */
export function openTerminal(
  command: readonly string[],
  { cols, rows }: Size,
  env: Record<string, string | undefined> = {},
  cwd?: string,
): InTerminal {
  const screen = createVirtualScreen(cols, rows);
  const startedAt = performance.now();
  let firstFrameAt: number | undefined;
  let output = "";
  let bursts = 0;
  let wroteAt = 0;
  const decoder = new TextDecoder();
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...cleanEnvironment(), TERM: "xterm-256color", LANG: "C.UTF-8", ...env },
    terminal: {
      cols,
      rows,
      data(_, chunk) {
        if (performance.now() - wroteAt > BURST_MS) bursts++;
        wroteAt = performance.now();
        output = (output + decoder.decode(chunk, { stream: true })).slice(-4_000_000);
        if (firstFrameAt === undefined && output.includes("Overview")) firstFrameAt = performance.now();
        screen.write(chunk);
      },
    },
  });
  const { terminal } = child;
  if (!terminal) throw new Error("There is no terminal");
  return {
    ...screen,
    pid: child.pid,
    exited: child.exited,
    firstFrameMs: () => (firstFrameAt === undefined ? undefined : firstFrameAt - startedAt),
    takeOutput() {
      const taken = output;
      output = "";
      return taken;
    },
    takeBursts() {
      const taken = bursts;
      bursts = 0;
      return taken;
    },
    type: (keys) => void terminal.write(keys),
    resize(size) {
      screen.resize(size.cols, size.rows);
      terminal.resize(size.cols, size.rows);
    },
    signal: (name) => child.kill(name),
    async shows(pattern, timeoutMs = 15_000) {
      const matches = (text: string) =>
        typeof pattern === "string" ? text.includes(pattern) : pattern.test(text);
      await eventually(async () => matches(await screen.text()), {
        timeoutMs,
        everyMs: 20,
        what: `the screen to show ${pattern}`,
      }).catch(async (error: Error) => {
        throw new Error(`${error.message}\n${await screen.text()}`);
      });
      return screen.text();
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      terminal.close();
    },
  };
}

/** Returns the tests' environment without the variables that affect the program's colors or settings. */
function cleanEnvironment(): Record<string, string | undefined> {
  const { NO_COLOR: _, SSH_CONNECTION: __, ...env } = process.env;
  return { ...env, XDG_CONFIG_HOME: join(tmpdir(), `observatory-no-settings-${process.pid}`) };
}
