// Runs before any dependency is installed, so it imports only built-in modules.
import { join } from "node:path";

const QUIET_MS = 1_000;

/** Installs the dependencies in bun.lock. Reports progress if that takes longer than a second. */
async function install(): Promise<number> {
  const startedAt = performance.now();
  const child = Bun.spawn([process.execPath, "install", "--frozen-lockfile"], {
    cwd: join(import.meta.dir, "../.."),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  let hasReported = false;
  const report = () => {
    console.log(
      hasReported
        ? `Installing dependencies: ${seconds()} s so far`
        : "Installing dependencies, needed once per version",
    );
    hasReported = true;
  };
  const first = setTimeout(report, QUIET_MS);
  const further = setInterval(report, 10_000);
  const [printed, complaints, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  clearTimeout(first);
  clearInterval(further);
  if (code !== 0) {
    console.error(`${printed}${complaints}`.trim());
    console.error(
      "Could not install the dependencies of bun.lock; after a change to package.json, run bun install",
    );
  } else if (hasReported) {
    console.log(`Installed dependencies in ${seconds()} s`);
  }
  return code;
}

process.exitCode = await install();
