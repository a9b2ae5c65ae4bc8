import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findAddresses } from "../../shared/api-client/addresses.ts";
import { createApiClient } from "../../shared/api-client/client.ts";
import { eventually } from "../support/wait.ts";
import { buildDashboard, KEYS, openTerminal } from "./odd-dashboard.ts";
import { screenToSvg } from "./screen-to-svg.ts";

// Renders the main screens of the compiled program, as it shows the system that runs, into docs/pictures.
const folder = join(import.meta.dir, "../../docs/pictures");
const SIZE = { cols: 100, rows: 28 };

/** The keys that lead to each screen, one after the other, and what shows that it is there. */
const SCREENS: readonly { name: string; keys: string; shows: RegExp }[] = [
  { name: "overview", keys: "1", shows: /balanced [\s\S]*╭ Now [\s\S]*Completed/ },
  { name: "jobs", keys: "2", shows: /[0-9a-f]{8} .*● completed/ },
  {
    name: "job",
    keys: `/type:flaky status:completed${KEYS.enter}`,
    shows: /Jobs › type:flaky[\s\S]*flaky .*● completed/,
  },
  { name: "job", keys: KEYS.enter, shows: /╭ Timeline [\s\S]*try 3/ },
  { name: "events", keys: "3", shows: /completed/ },
  { name: "dead-letters", keys: "4", shows: /╭ Dead letters [\s\S]*OUT_OF_TRIES/ },
  { name: "queues", keys: "5", shows: /╭ Workers [\s\S]*alive/ },
  { name: "new-job", keys: "Nh", shows: /‹ hash ›/ },
];

const { gatewayUrl, readModelUrl } = findAddresses();
const client = createApiClient({ addresses: () => ({ gatewayUrl, readModelUrl }) });
// A job with something to see in its X-ray.
const { jobId } = await client.gateway.submitJob({ body: { type: "flaky", payload: { failFirst: 2 } } });
await eventually(
  async () => (await client.readModel.jobDetail({ params: { id: jobId } })).status === "COMPLETED",
  {
    what: "the flaky job to complete",
  },
);
const { binary, remove } = await buildDashboard();
mkdirSync(folder, { recursive: true });
{
  await using tui = openTerminal([binary], SIZE, { GATEWAY_URL: gatewayUrl, READ_MODEL_URL: readModelUrl });
  await tui.shows(/· live/);
  for (const { name, keys, shows } of SCREENS) {
    tui.type(keys);
    await tui.shows(shows);
    await Bun.write(join(folder, `${name}.svg`), screenToSvg(await tui.cells(), `odd-dashboard: ${name}`));
  }
}
remove();
