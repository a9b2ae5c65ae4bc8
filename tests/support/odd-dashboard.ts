import { join } from "node:path";
import { TEST_BINARIES } from "./service-process.ts";

const MAIN = join(import.meta.dir, "../../tui/main.ts");

/** Returns the command that runs `odd-dashboard`: from source, or the binary in {@link TEST_BINARIES}. */
export function cliCommand(): string[] {
  const folder = process.env[TEST_BINARIES];
  return folder ? [join(folder, "odd-dashboard")] : [process.execPath, MAIN];
}

export interface CliRun {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** Starts `odd-dashboard` with these arguments. */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin?: string,
  cwd = "/",
) {
  const child = Bun.spawn([...cliCommand(), ...args], {
    // Passes on only the variables that the program needs, so the developer's shell cannot affect a test.
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    cwd,
    stdin: stdin === undefined ? "ignore" : Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const printed = { out: "", err: "" };
  const collect = async (name: "out" | "err", stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) printed[name] += decoder.decode(chunk, { stream: true });
  };
  const reading = Promise.all([collect("out", child.stdout), collect("err", child.stderr)]);
  return {
    child,
    /** The output so far. */
    printed,
    async ended(): Promise<CliRun> {
      await reading;
      const code = await child.exited;
      return { ...printed, code: child.signalCode ?? code };
    },
  };
}
