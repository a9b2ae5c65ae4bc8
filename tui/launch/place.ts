import { join } from "node:path";
import type { ServiceName } from "../../contracts/services.ts";
import { buildInfo } from "../../shared/build-info.ts";
import { DATA_FOLDER_NAME } from "../../shared/dev-state.ts";

/**
 * A service that runs as a process. `web-ui` is the page, which nginx serves in containers and web/server.ts serves in
 * a local run.
 */
export type RunService = ServiceName | "web-ui";

/** The path of the clone that this program runs from; undefined in a compiled binary. */
export const projectDir: string | undefined = buildInfo ? undefined : join(import.meta.dir, "../..");

/** Returns the default data folder: inside the clone or, for a compiled binary, inside the current directory. */
export const defaultDataDir = () => join(projectDir ?? process.cwd(), DATA_FOLDER_NAME);

/** Returns the command that runs a service from source or, in a compiled binary, from the binary itself. */
export function serviceCommand(service: RunService): string[] {
  if (projectDir === undefined) return [process.execPath, "service", service];
  return [process.execPath, service === "web-ui" ? "web/server.ts" : `services/${service}/main.ts`];
}

/** Returns the command that opens the terminal UI. */
export const tuiCommand = () =>
  projectDir === undefined ? [process.execPath] : [process.execPath, join(projectDir, "tui/main.ts")];

/** Returns the clone's path. Throws in a compiled binary, with an error saying that `what` needs a clone. */
export function mustBeClone(what: string): string {
  if (projectDir !== undefined) return projectDir;
  throw new Error(`${what} needs a clone of the project: run it there with bun run odd-dashboard`);
}
