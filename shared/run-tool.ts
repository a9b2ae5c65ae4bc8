export interface ToolOptions {
  user?: { uid: number; gid: number };
  cwd?: string;
  env?: Record<string, string | undefined>;
  signal?: AbortSignal;
}

/**
 * Runs a program and resolves to its stdout. If the program fails, rejects with the last lines of its output; on abort,
 * rejects with the signal's reason.
 */
export async function runTool(
  command: string[],
  { user, signal, ...rest }: ToolOptions = {},
): Promise<string> {
  signal?.throwIfAborted();
  const child = Bun.spawn(command, {
    ...user,
    ...rest,
    signal,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [printed, complaints, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  signal?.throwIfAborted();
  if (code === 0) return printed.trim();
  const lastWords = `${printed}\n${complaints}`.trim().split("\n").slice(-20).join("\n");
  throw new Error(`${command.slice(0, 3).join(" ")} exited with code ${code}\n${lastWords}`);
}
