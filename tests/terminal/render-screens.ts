import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findAddresses } from "../../shared/api-client/addresses.ts";
import { createApiClient } from "../../shared/api-client/client.ts";
import { eventually } from "../support/wait.ts";
import { buildDashboard, type InTerminal, KEYS, openTerminal } from "./odd-dashboard.ts";
import { type Frame, recordingToSvg } from "./recording-to-svg.ts";
import { screenToSvg } from "./screen-to-svg.ts";

// Renders the compiled program's main screens for the running system into docs/pictures, and records a short tour.
const folder = join(import.meta.dir, "../../docs/pictures");
const SIZE = { cols: 100, rows: 28 };
const RECORDED = { cols: 80, rows: 24 };

/** The keys that lead to each screen, in order, and a pattern that shows it has opened. */
const SCREENS: readonly { name: string; keys: string; shows: RegExp }[] = [
  { name: "overview", keys: "1", shows: /balanced [\s\S]*╭ Now [\s\S]*Completed/ },
  { name: "jobs", keys: "2", shows: /[0-9a-f]{8} .*● completed/ },
  {
    name: "job",
    keys: `/type:flaky payload.failFirst:2 status:completed${KEYS.enter}`,
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
// A job whose X-ray (its detail screen) has much to show: two failed attempts and a successful one.
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
{
  await using tui = openTerminal([binary], RECORDED, {
    GATEWAY_URL: gatewayUrl,
    READ_MODEL_URL: readModelUrl,
  });
  await tui.shows(/· live/);
  const recording = recordingToSvg(await record(tui), "odd-dashboard: a job from its form to its result");
  await Bun.write(join(folder, "recording.svg"), recording);
}
remove();

/** Records a tour from the overview to the jobs, an X-ray and a new job. */
async function record(tui: InTerminal): Promise<Frame[]> {
  const frames: Frame[] = [];
  const keep = async (holdMs: number) => frames.push({ cells: await tui.cells(), holdMs });
  const step = async (keys: string, shows: RegExp, holdMs: number) => {
    tui.type(keys);
    await tui.shows(shows);
    await keep(holdMs);
  };
  await step("1", /╭ Now [\s\S]*Completed|completed/, 1_500);
  for (let round = 0; round < 3; round++) {
    const before = await tui.text();
    const jobs = Array.from({ length: 20 }, (_, text) => ({ type: "hash", payload: { text: `${text}` } }));
    await client.gateway.submitBatch({ body: { jobs } });
    await eventually(async () => (await tui.text()) !== before, { what: "the overview to change" });
    await keep(600);
  }
  await step("2", /hash .*● completed/, 1_000);
  await step("/type:flaky", /\/ type:flaky/, 700);
  await step(
    ` payload.failFirst:2 status:completed${KEYS.enter}`,
    /Jobs › type:flaky[\s\S]*flaky .*● completed/,
    1_000,
  );
  await step(KEYS.enter, /╭ Timeline [\s\S]*try 3/, 2_500);
  await step("Ns", /‹ sleep ›/, 800);
  await step(`${KEYS.down}\x152000`, /2000/, 800);
  await step(KEYS.down.repeat(8), /Enter submits/, 600);
  await step(KEYS.enter, /sleep ◐ executing/, 900);
  await step("", /sleep ● completed/, 2_500);
  return frames;
}
