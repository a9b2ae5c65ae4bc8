import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { sizeOf } from "./log-tail.ts";

export interface Command {
  command: string[];
  env?: Record<string, string>;
  /** An unprivileged user, where the server refuses to run as root. */
  user?: { uid: number; gid: number };
  /** What makes the server shut down cleanly without waiting for its clients. */
  stopSignal: NodeJS.Signals;
}

const maxLogBytes = 5_000_000;

/** Starts the server in a session of its own, its words appended to the log. */
export function spawnServer(recipe: Command, logFile: string, cwd: string): Bun.Subprocess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, sizeOf(logFile) > maxLogBytes ? "w" : "a");
  try {
    return Bun.spawn([...endWithUs(recipe.stopSignal), ...recipe.command], {
      ...recipe.user,
      cwd,
      env: recipe.env ?? { PATH: process.env.PATH ?? "", LC_ALL: "C" },
      stdin: "ignore",
      stdout: log,
      stderr: log,
      // Its own session: a Ctrl-C in the terminal must not end it before the services have flushed into it.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

/**
 * On Linux the kernel signals the engine when the thread that started it ends, even by SIGKILL (prctl(2),
 * PR_SET_PDEATHSIG): start engines from the main thread. It does not where we ended before it was told to, so the
 * shell looks once more whether we are still the parent. Elsewhere the next start in the same folder ends it.
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
