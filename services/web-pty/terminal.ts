import { dlopen, FFIType } from "bun:ffi";
import { closeSync, constants, existsSync, openSync, readlinkSync } from "node:fs";
import { messageOf } from "../../shared/errors.ts";

export interface TerminalEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A command on its own PTY. */
export interface Pty {
  readonly pid: number;
  /** Bytes of input that the command has not read yet. */
  readonly pendingInput: number;
  write(bytes: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** Pauses the command's output until `resume`. Returns false if that is impossible; output then continues. */
  pause(): boolean;
  resume(): void;
  /** Sends SIGHUP to the command, and SIGKILL if it keeps running. */
  end(): void;
  /** Resolves when the command has ended and all its output has been delivered. */
  readonly ended: Promise<TerminalEnd>;
}

export interface PtyOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cols: number;
  readonly rows: number;
  readonly onData: (bytes: Uint8Array) => void;
}

/**
 * After a command has ended, its output counts as complete once no more has arrived for this long. The end of file may
 * not arrive at all, because the command's children may keep the terminal open.
 */
const DRAIN_MS = 500;
const KILL_AFTER_MS = 2_000;

/** Starts a command on a new PTY. Throws when it cannot be started. */
export function startPty({ command, env, cols, rows, onData }: PtyOptions): Pty {
  const drained = Promise.withResolvers<void>();
  let lastData = performance.now();
  let pendingInput = 0;
  const child = Bun.spawn([...command], {
    env,
    terminal: {
      cols,
      rows,
      data(_, bytes) {
        lastData = performance.now();
        onData(bytes);
      },
      drain() {
        pendingInput = 0;
      },
      exit: () => drained.resolve(),
    },
  });
  const terminal = child.terminal;
  if (!terminal) throw new Error("Bun could not open a terminal");
  const flow = createFlow(child.pid);

  async function untilEnded(): Promise<TerminalEnd> {
    await child.exited;
    // The end of file follows the last byte, but does not arrive while a child of the command keeps the terminal open.
    lastData = performance.now();
    const quiet = async () => {
      while (performance.now() - lastData < DRAIN_MS) await Bun.sleep(DRAIN_MS / 5);
    };
    await Promise.race([drained.promise, quiet()]);
    terminal?.close();
    return child.signalCode === null
      ? { code: child.exitCode, signal: null }
      : { code: null, signal: String(child.signalCode) };
  }

  return {
    pid: child.pid,
    get pendingInput() {
      return pendingInput;
    },
    write(bytes) {
      if (terminal.closed) return;
      pendingInput += bytes.length;
      terminal.write(bytes);
    },
    resize(newCols, newRows) {
      if (!terminal.closed) terminal.resize(newCols, newRows);
    },
    pause: () => flow.set("off"),
    resume: () => void flow.set("on"),
    end() {
      // A paused terminal would keep the command from writing its last output.
      flow.set("on");
      child.kill("SIGHUP");
      const kill = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
      void child.exited.then(() => clearTimeout(kill));
    },
    ended: untilEnded(),
  };
}

/** The C library of each platform, with its TCOOFF and TCOON values. */
const TCFLOW: Partial<Record<NodeJS.Platform, { libraries: string[]; off: number; on: number }>> = {
  linux: { libraries: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"], off: 0, on: 1 },
  darwin: { libraries: ["libSystem.B.dylib"], off: 1, on: 2 },
};

const tcflow = loadTcflow();

function loadTcflow(): ((fd: number, action: "off" | "on") => boolean) | undefined {
  const platform = TCFLOW[process.platform];
  for (const library of platform?.libraries ?? []) {
    try {
      const { symbols } = dlopen(library, {
        tcflow: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
      });
      return (fd, action) => symbols.tcflow(fd, platform![action]) === 0;
    } catch (error) {
      if (!/dlopen|open library|No such file|cannot open/i.test(messageOf(error))) throw error;
    }
  }
  return undefined;
}

/**
 * Pauses and resumes a command's terminal. `Bun.Terminal` cannot pause and would buffer without bound, so tcflow(3) on
 * the command's side of the terminal stops the writer. That side is opened for each call, because leaving it open would
 * hide the end of file.
 */
function createFlow(pid: number): { set(action: "off" | "on"): boolean } {
  const path = tcflow && pathOfTerminal(pid);
  return {
    set(action) {
      if (!tcflow || !path) return false;
      let fd: number;
      try {
        fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
      } catch {
        // The command has ended, so its terminal no longer exists.
        return false;
      }
      try {
        return tcflow(fd, action);
      } finally {
        closeSync(fd);
      }
    },
  };
}

function pathOfTerminal(pid: number): string | undefined {
  if (process.platform === "linux") {
    const link = `/proc/${pid}/fd/0`;
    return existsSync(link) ? readlinkSync(link) : undefined;
  }
  const { stdout } = Bun.spawnSync(["ps", "-o", "tty=", "-p", String(pid)]);
  const name = stdout.toString().trim();
  return /^tty/.test(name) ? `/dev/${name}` : undefined;
}
