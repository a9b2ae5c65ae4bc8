import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ExportedDashboard } from "./dashboard.ts";
import engines from "./engines.ts";
import jobs from "./jobs.ts";
import overview from "./overview.ts";
import queues from "./queues.ts";
import services from "./services.ts";
import terminal from "./terminal.ts";

/** The export owns this folder: it writes a file for each dashboard and deletes all other files. */
export const DASHBOARD_FOLDER = join(import.meta.dir, "../dashboards");

const DASHBOARDS: readonly ExportedDashboard[] = [overview, jobs, queues, services, engines, terminal];

/** Returns the JSON text of every dashboard, by file name. */
export function exportedDashboards(): Map<string, string> {
  return new Map(
    DASHBOARDS.map((dashboard) => [
      `${dashboard.uid?.replace("observatory-", "")}.json`,
      `${JSON.stringify(dashboard, null, 2)}\n`,
    ]),
  );
}

if (import.meta.main) {
  const files = exportedDashboards();
  for (const name of await readdir(DASHBOARD_FOLDER))
    if (!files.has(name)) await rm(join(DASHBOARD_FOLDER, name));
  for (const [name, text] of files) await Bun.write(join(DASHBOARD_FOLDER, name), text);
  console.log(`Wrote ${files.size} dashboards`);
}
