import { rmSync } from "node:fs";
import type { EngineName } from "../../tui/engines/engine.ts";
import { missingEngines } from "../../tui/engines/missing.ts";
import { type EngineMap, type StartedEngines, startEngines } from "../../tui/engines/start.ts";
import { type EngineSetName, engineSets } from "../../tui/launch/engine-set.ts";
import { createEngineFolder } from "./engine-folder.ts";

/**
 * The environment variable that sets the engine set, `full` or `embedded`, for tests that do not choose one; default:
 * `full`.
 */
export const TEST_ENGINES = "OBSERVATORY_TEST_ENGINES";

interface Shared {
  readonly root: string;
  readonly started: Map<EngineName, Promise<StartedEngines<EngineName>>>;
}

const SLOT = Symbol.for("observatory.test.engines");
const slots = globalThis as unknown as Record<symbol, Shared | undefined>;

/** Returns the engine set of this run. */
export function chosenSet(): EngineSetName {
  const name = process.env[TEST_ENGINES] ?? "full";
  if (name !== "full" && name !== "embedded")
    throw new Error(`${TEST_ENGINES} is ${JSON.stringify(name)}, expected full or embedded`);
  return name;
}

/** Returns the engines of a set. An engine that serves several purposes is listed once. */
export function enginesOf(set: EngineSetName): EngineName[] {
  return [...new Set(Object.values(engineSets[set]))];
}

/** Returns the engine that carries the bus in this run. */
export function busEngine(): EngineName {
  return engineSets[chosenSet()].BUS_URL;
}

/** Returns why tests that need these engines cannot run; undefined if they can. */
export function whyLeftOut(names: readonly EngineName[] = enginesOf(chosenSet())): string | undefined {
  const missing = missingEngines([...names]);
  return missing.length === 0
    ? undefined
    : missing.map(({ problem, remedy }) => `${problem}; try: ${remedy}`).join("; ");
}

/**
 * Returns this run's shared engines, starting each on its first use. Each test world (one system under test) has its
 * own vhost, database and prefix on them.
 */
export async function testEngines<Name extends EngineName>(
  names: readonly Name[],
): Promise<Pick<EngineMap, Name>> {
  const { root, started } = sharedEngines();
  const runs = await Promise.all(
    names.map((name) => {
      const run = started.get(name) ?? startEngines<EngineName>({ root, which: [name] });
      started.set(name, run);
      return run;
    }),
  );
  return Object.assign({}, ...runs.map(({ engines }) => engines)) as Pick<EngineMap, Name>;
}

/** Stops the shared engines at the end of the run. */
export async function stopTestEngines(): Promise<void> {
  const shared = slots[SLOT];
  if (!shared) return;
  slots[SLOT] = undefined;
  // Engines that did not start are ignored: the tests that needed them have already failed.
  const runs = await Promise.allSettled(shared.started.values());
  await Promise.all(runs.map((run) => run.status === "fulfilled" && run.value.stop()));
  rmSync(shared.root, { recursive: true, force: true });
}

function sharedEngines(): Shared {
  let shared = slots[SLOT];
  if (!shared) {
    const root = createEngineFolder("observatory-test-");
    shared = { root, started: new Map() };
    slots[SLOT] = shared;
  }
  return shared;
}
