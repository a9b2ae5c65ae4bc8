import { join } from "node:path";
import { buildInfo } from "../../shared/build-info.ts";
import { dataFolderName } from "../../shared/dev-state.ts";
import type { ServicePlan } from "./plan.ts";

/** The clone that this program runs from; undefined in a compiled binary. */
export const projectDir: string | undefined = buildInfo ? undefined : join(import.meta.dir, "../..");

/** Where data is kept that no option places: in the clone, or for a binary in the current folder. */
export const defaultDataDir = () => join(projectDir ?? process.cwd(), dataFolderName);

/** The command that runs a service: from source, or as a part of this binary, which has no page. */
export function serviceCommand(service: ServicePlan["service"]): string[] {
  if (projectDir === undefined) return [process.execPath, "service", service];
  return [process.execPath, service === "web-ui" ? "web/server.ts" : `services/${service}/main.ts`];
}

/** The command that opens the terminal UI. */
export const tuiCommand = () =>
  projectDir === undefined ? [process.execPath] : [process.execPath, join(projectDir, "tui/main.ts")];

/** The clone, for what only a clone has; throws a sentence that says so. */
export function mustBeClone(what: string): string {
  if (projectDir !== undefined) return projectDir;
  throw new Error(`${what} needs a clone of the project: run it there with bun run odd-dashboard`);
}
