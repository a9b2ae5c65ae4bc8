import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkTerminal } from "./cli/doctor/terminal.ts";
import type { Prerequisite, TierName } from "./launch-state.ts";
import type { Message } from "./message.ts";

const LINES = 200;
const LOOK_MS = 250;

/** Returns this program as a command: the compiled binary, or Bun with its source. */
function ownCommand(): string[] {
  const isCompiled = Bun.main.startsWith("/$bunfs/") || /^[A-Z]:[\\/]~BUN/.test(Bun.main);
  return isCompiled ? [process.execPath] : [process.execPath, Bun.main];
}

/**
 * Starts or stops the system as a separate process, which continues when this one ends, and dispatches its output. A
 * started system never ends by itself, so following it stops once `signal` aborts.
 */
export async function runLauncher(
  doing: "start" | "stop",
  tier: TierName,
  signal: AbortSignal,
  dispatch: (message: Message) => void,
) {
  const isContained = tier === "compose" || tier === "kind";
  const verb =
    doing === "start"
      ? ["up", "--tier", tier, ...(isContained ? [] : ["--no-reload"])]
      : ["down", ...(isContained ? ["--tier", tier] : [])];
  // A file, not a pipe: the system must not lose its output when this program exits.
  const log = join(mkdtempSync(join(tmpdir(), "odd-dashboard-")), `${verb[0]}.log`);
  const file = openSync(log, "w");
  const child = Bun.spawn([...ownCommand(), ...verb], {
    stdin: "ignore",
    stdout: file,
    stderr: file,
    detached: true,
    env: { ...process.env, NO_COLOR: "1" },
  });
  closeSync(file);
  child.unref();
  let shown = "";
  const look = () => {
    const text = readFileSync(log, "utf8");
    if (text !== shown) dispatch({ kind: "launch-printed", lines: text.trimEnd().split("\n").slice(-LINES) });
    shown = text;
  };
  const timer = setInterval(look, LOOK_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  const exitCode = await child.exited;
  clearInterval(timer);
  if (signal.aborted) return;
  look();
  dispatch({ kind: "launch-ended", exitCode });
}

/** The doctor printed no report. */
export class PrerequisitesError extends Error {}

/** Runs `odd-dashboard doctor` and returns its report on this machine. */
export async function readPrerequisites(signal: AbortSignal): Promise<readonly Prerequisite[]> {
  const child = Bun.spawn([...ownCommand(), "doctor", "--output", "json"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    signal,
  });
  const [printed, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  try {
    const { checks } = JSON.parse(printed) as { checks: Prerequisite[] };
    return withOwnTerminal(checks, checkTerminal(process.stdout, process.env));
  } catch (error) {
    throw new PrerequisitesError(
      `odd-dashboard doctor printed no report: ${(complaints || printed).slice(0, 200)}`,
      { cause: error },
    );
  }
}

/**
 * Replaces the terminal checks with those of this program's own terminal, because the doctor writes to a pipe and sees
 * none.
 */
export function withOwnTerminal(
  checks: readonly Prerequisite[],
  own: readonly Prerequisite[],
): readonly Prerequisite[] {
  const seen = new Map(own.map((check) => [check.id, check]));
  return checks.map((check) => seen.get(check.id) ?? check);
}

/** Runs a command that installs something, and dispatches how it ended. */
export async function runInstall(command: string, signal: AbortSignal, dispatch: (message: Message) => void) {
  const child = Bun.spawn(["sh", "-c", command], { stdin: "ignore", stdout: "pipe", stderr: "pipe", signal });
  const [, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const exitCode = await child.exited;
  if (signal.aborted) return;
  const last = complaints.trim().split("\n").at(-1) ?? "";
  dispatch({
    kind: "notice",
    text: exitCode === 0 ? "Installed" : `It exited with code ${exitCode}: ${last}`,
    tone: exitCode === 0 ? "good" : "bad",
  });
  dispatch({ kind: "changed" });
}
