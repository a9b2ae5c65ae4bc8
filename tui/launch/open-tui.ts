import { hasEnded } from "../engines/spawn-server.ts";
import { tuiCommand } from "./place.ts";
import type { Printer } from "./printer.ts";

export interface OpenTuiOptions {
  readonly gatewayUrl: string;
  readonly readModelUrl: string;
  readonly printer: Printer;
  readonly signal: AbortSignal;
}

/** Runs the terminal UI until the user leaves it. Resolves with whether the system should stop too. */
export async function openTui({
  gatewayUrl,
  readModelUrl,
  printer,
  signal,
}: OpenTuiOptions): Promise<boolean> {
  const release = printer.hold();
  try {
    await inTerminal(tuiCommand(), signal, { GATEWAY_URL: gatewayUrl, READ_MODEL_URL: readModelUrl });
  } finally {
    release();
  }
  if (signal.aborted) return true;
  printer.line("Stop the system too? [Y/n]");
  // A child reads the answer, because this process leaves all input to the programs that it starts.
  const answer = await inTerminal(
    ["sh", "-c", 'read -r answer; case "$answer" in [nN]*) exit 1;; esac'],
    signal,
  );
  return signal.aborted || answer === 0;
}

/** Runs a program with exclusive use of the terminal. Resolves with its exit code. */
async function inTerminal(
  command: readonly string[],
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Promise<number | null> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...env },
    stdio: ["inherit", "inherit", "inherit"],
  });
  const end = () => {
    if (!hasEnded(child)) child.kill("SIGTERM");
  };
  signal.addEventListener("abort", end, { once: true });
  await child.exited;
  signal.removeEventListener("abort", end);
  return child.exitCode;
}
