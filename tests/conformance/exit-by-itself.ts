import { expect } from "bun:test";
import { join } from "node:path";

/**
 * Runs a program that prints `closed` after it has closed everything, and expects it to exit on its own and without
 * errors.
 */
export async function expectExitByItself(source: string): Promise<void> {
  const child = Bun.spawn([process.execPath, "-e", source], {
    cwd: join(import.meta.dir, "../.."),
    stdout: "pipe",
    stderr: "pipe",
    timeout: 20_000,
  });
  const [code, output, errors] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect({ code, output: output.trim(), errors }).toEqual({ code: 0, output: "closed", errors: "" });
}
