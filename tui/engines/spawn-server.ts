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
      // A session of its own: Ctrl-C in the terminal must not end it before the services have flushed into it.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

/**
 * On Linux the kernel signals the engine when the thread that started it ends, even by SIGKILL (prctl(2),
 * PR_SET_PDEATHSIG), so engines must be started from the main thread. The kernel does not do so when we ended before
 * the child called prctl, so the shell checks again whether we are still its parent. On other systems the next start
 * in the same folder ends the engine.
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
