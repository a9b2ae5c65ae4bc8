import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "../support/browser.ts";
import { stopTestEngines } from "../support/engines.ts";
import { startPageSystem } from "../support/page-system.ts";
import { createRandom } from "../support/random.ts";
import { startSteadyLoad } from "../support/steady-load.ts";
import { createWorld } from "../support/world.ts";

const FOLDER = join(import.meta.dir, "../../docs/pictures");
const WARM_UP_MS = 20_000;

// Renders the pictures of the page in README from the running system: bun tests/browser/render-page.ts
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
  const { page } = await browser.open(`${system.url}/${hash}`, { colorScheme });
  await Bun.sleep(5_000);
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  console.log(`Rendered docs/pictures/${name}.png`);
}
await browser.close();
await load.stop();
await system[Symbol.asyncDispose]();
await world[Symbol.asyncDispose]();
await stopTestEngines();
process.exit(0);
