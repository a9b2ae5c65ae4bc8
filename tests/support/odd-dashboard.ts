import { join } from "node:path";

const main = join(import.meta.dir, "../../tui/main.ts");

export interface CliRun {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** A run of `odd-dashboard` that is under way. */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin?: string,
  cwd = "/",
) {
  const child = Bun.spawn([process.execPath, main, ...args], {
    // Nothing of this machine's environment but what it takes to run.
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
    /** What it has printed so far. */
    printed,
    async ended(): Promise<CliRun> {
      await reading;
      const code = await child.exited;
      return { ...printed, code: child.signalCode ?? code };
    },
  };
}
