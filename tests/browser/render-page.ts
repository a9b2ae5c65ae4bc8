import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "../support/browser.ts";
import { stopTestEngines } from "../support/engines.ts";
import { startPageSystem } from "../support/page-system.ts";
import { createRandom } from "../support/random.ts";
import { startSteadyLoad } from "../support/steady-load.ts";
import { createWorld } from "../support/world.ts";
import { createFilm } from "./record-page.ts";

const FOLDER = join(import.meta.dir, "../../docs/pictures");
/**
 * How long the load runs before the first picture, so that the picture shows the rate of a full minute and a chart with
 * a few points.
 */
const WARM_UP_MS = 75_000;
const SETTLE_MS = 2_500;
const FRAME_MS = 1_800;

// `bun tests/browser/render-page.ts` renders the README's pictures and recording of the page from a running system.
mkdirSync(FOLDER, { recursive: true });
const world = await createWorld({ engines: "embedded" });
const random = createRandom(7);
const load = startSteadyLoad(world, {
  perSecond: 12,
  job: () =>
    random.pick([
      { type: "hash", payload: { text: "observe", rounds: random.between(1_000, 90_000) } },
      { type: "sleep", payload: { ms: random.between(20, 400) } },
      { type: "flaky", payload: { failFirst: random.between(0, 2) } },
      ...(random.between(0, 9) === 0 ? [{ type: "fail", maxAttempts: 1 }] : []),
    ]),
});
const system = await startPageSystem(world);
const browser = await openBrowser();
await Bun.sleep(WARM_UP_MS);
for (const [name, hash, colorScheme] of [
  ["page-terminal", "#/terminal", "dark"],
  ["page-overview", "#/overview", "light"],
] as const) {
  await using tab = await browser.open(`${system.url}/${hash}`, {
    colorScheme,
    viewport: { width: 1280, height: 800 },
  });
  await Bun.sleep(2 * SETTLE_MS);
  await tab.page.screenshot({ path: join(FOLDER, `${name}.png`) });
  console.log(`Rendered docs/pictures/${name}.png`);
}

/** Visits the overview, a job, the form for a new job and the terminal, mostly by keyboard. */
async function record(): Promise<void> {
  const film = createFilm();
  await using tab = await browser.open(`${system.url}/#/overview`, {
    colorScheme: "light",
    viewport: { width: 1200, height: 750 },
    deviceScaleFactor: 0.75,
  });
  const { page } = tab;
  const show = async (frames = 1) => {
    await Bun.sleep(SETTLE_MS);
    for (let frame = 0; frame < frames; frame++) {
      await film.take(page, FRAME_MS);
      await Bun.sleep(FRAME_MS / 2);
    }
  };
  await show(2);
  await page.keyboard.press("/");
  await page.getByLabel("Filter jobs").fill("type:flaky status:completed");
  await show();
  await page.keyboard.press("Enter");
  await show();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByText("Where the").waitFor();
  await show();
  await page.locator(".hop").last().click();
  await show();
  await page.keyboard.press("n");
  await page.getByLabel("Type", { exact: true }).selectOption("hash");
  await page.getByLabel("rounds").fill("0");
  await show();
  await page.getByLabel("rounds").fill("90000");
  await page.getByRole("button", { name: "Submit" }).click();
  await page.getByText("Where the").waitFor();
  await show();
  await page.keyboard.press("`");
  await show(2);
  writeFileSync(join(FOLDER, "page.gif"), film.bytes());
  console.log("Recorded docs/pictures/page.gif");
}
await record();
await browser.close();
await load.stop();
await system[Symbol.asyncDispose]();
await world[Symbol.asyncDispose]();
await stopTestEngines();
process.exit(0);
