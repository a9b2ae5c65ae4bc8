import { closeSync, mkdtempSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkTerminal } from "./cli/doctor/terminal.ts";
import type { Prerequisite, TierName } from "./launch-state.ts";
import type { Message } from "./message.ts";

const LINES = 200;
const LOOK_MS = 250;

/** Returns the command that runs this program: the compiled binary, or Bun with the source file. */
function ownCommand(): string[] {
  const isCompiled = Bun.main.startsWith("/$bunfs/") || /^[A-Z]:[\\/]~BUN/.test(Bun.main);
  return isCompiled ? [process.execPath] : [process.execPath, Bun.main];
}

/**
 * Starts or stops the system in a separate process and dispatches its output. The process outlives this program. A
 * running system may never exit, so `signal` ends the polling of its output.
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
  // The output goes to a file, not a pipe, so that the system can keep writing after this program exits.
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

/** Thrown if the doctor prints no report. */
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
 * Replaces the doctor's terminal checks with checks of this program's own terminal. The doctor writes to a pipe, so it
 * cannot see a terminal.
 */
export function withOwnTerminal(
  checks: readonly Prerequisite[],
  own: readonly Prerequisite[],
): readonly Prerequisite[] {
  const seen = new Map(own.map((check) => [check.id, check]));
  return checks.map((check) => seen.get(check.id) ?? check);
}

/** Runs an installation command and dispatches its outcome. */
export async function runInstall(command: string, signal: AbortSignal, dispatch: (message: Message) => void) {
  const child = Bun.spawn(["sh", "-c", command], { stdin: "ignore", stdout: "pipe", stderr: "pipe", signal });
  const [, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const exitCode = await child.exited;
  if (signal.aborted) return;
  const last = complaints.trim().split("\n").at(-1) ?? "";
  dispatch({
    kind: "notice",
    text: exitCode === 0 ? "Installed" : `The command exited with code ${exitCode}: ${last}`,
    tone: exitCode === 0 ? "good" : "bad",
  });
  dispatch({ kind: "changed" });
}
