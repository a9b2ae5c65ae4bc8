import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingEngines } from "../../shared/engines/missing.ts";
import { type EngineMap, type StartedEngines, startEngines } from "../../shared/engines/start.ts";

interface Shared {
  readonly root: string;
  readonly started: Promise<StartedEngines<keyof EngineMap>>;
}

const SLOT = Symbol.for("observatory.test.engines");
const slots = globalThis as unknown as Record<symbol, Shared | undefined>;

/** Why the suites that need every engine must be left out, or undefined when they can run. */
export function whyLeftOut(): string | undefined {
  const missing = missingEngines();
  return missing.length === 0
    ? undefined
    : missing.map(({ problem, remedy }) => `${problem}; try: ${remedy}`).join("; ");
}

/** The four engines of this test run, started by who asks first. Worlds keep apart by vhost, database and prefix. */
export async function testEngines(): Promise<EngineMap> {
  let shared = slots[SLOT];
  if (!shared) {
    const root = mkdtempSync(join(tmpdir(), "observatory-test-"));
    // The database server runs as another user, who must be able to enter.
    chmodSync(root, 0o755);
    shared = { root, started: startEngines({ root }) };
    slots[SLOT] = shared;
  }
  return (await shared.started).engines;
}

/** Stop them at the end of the run. */
export async function stopTestEngines(): Promise<void> {
  const shared = slots[SLOT];
  if (!shared) return;
  slots[SLOT] = undefined;
  await (await shared.started).stop();
  rmSync(shared.root, { recursive: true, force: true });
}
