import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { sizeOf } from "./log-tail.ts";

export interface Command {
  command: string[];
  env?: Record<string, string>;
  /** An unprivileged user, for servers that refuse to run as root. */
  user?: { uid: number; gid: number };
  /** The signal that makes the server shut down cleanly without waiting for its clients. */
  stopSignal: NodeJS.Signals;
}

const MAX_LOG_BYTES = 5_000_000;

/** Starts the server in its own session, appending its output to the log. */
export function spawnServer(recipe: Command, logFile: string, cwd: string): Bun.Subprocess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, sizeOf(logFile) > MAX_LOG_BYTES ? "w" : "a");
  try {
    return Bun.spawn([...endWithUs(recipe.stopSignal), ...recipe.command], {
      ...recipe.user,
      cwd,
      env: recipe.env ?? { PATH: process.env.PATH ?? "", LC_ALL: "C" },
      stdin: "ignore",
      stdout: log,
      stderr: log,
      // Runs in its own session: Ctrl-C must not end the server before the services have flushed their data to it.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

/**
 * Returns a prefix that makes a command end when this process ends, even by SIGKILL. On Linux, the kernel signals the
 * child when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG), so children must be started from the main
 * thread. The kernel sends no signal if this process ended before the child called prctl, so a shell then checks that
 * this process is still its parent. On other systems the prefix is empty, and the next start in the same folder ends
 * any leftover engine.
 */
export function endWithUs(signal: NodeJS.Signals): string[] {
  const prefix = ["setpriv", "--pdeathsig", signal.replace("SIG", ""), "--"];
  setprivWorks ??=
    process.platform === "linux" &&
    Bun.which("setpriv") !== null &&
    Bun.spawnSync([...prefix, "true"], { stdout: "ignore", stderr: "ignore" }).success; // BusyBox has no --pdeathsig.
  return setprivWorks ? [...prefix, "sh", "-c", `[ "$PPID" = ${process.pid} ] && exec "$@"`, "sh"] : [];
}

let setprivWorks: boolean | undefined;

export function hasEnded(child: Bun.Subprocess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
