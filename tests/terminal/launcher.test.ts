import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createEngineFolder } from "../support/engine-folder.ts";
import { whyLeftOut } from "../support/engines.ts";
import { buildDashboard, KEYS, openTerminal } from "./odd-dashboard.ts";

let built: Awaited<ReturnType<typeof buildDashboard>>;
const folder = createEngineFolder("observatory-launcher-");
beforeAll(async () => {
  built = await buildDashboard();
}, 180_000);
afterAll(() => {
  // Does nothing if the test has already stopped the system.
  Bun.spawnSync([built.binary, "down"], { cwd: folder });
  built.remove();
  rmSync(folder, { recursive: true });
});

const reason = whyLeftOut(["postgres"]);
const SIZE = { cols: 100, rows: 30 };
const open = () =>
  openTerminal([built.binary], SIZE, { GATEWAY_URL: undefined, READ_MODEL_URL: undefined }, folder);

test.skipIf(reason !== undefined && !process.env.CI)(
  "the launcher starts a system in an empty folder, leaves it running on exit, and stops it after confirmation",
  async () => {
    {
      await using tui = open();
      await tui.shows("Overview");
      tui.type("L");
      await tui.shows(/╭ Launcher/);
      tui.type(KEYS.enter);
      await tui.shows(/Start the embedded tier/);
      tui.type("y");
      await tui.shows("✓ embedded is up", 90_000);
      tui.type("q");
      expect(await tui.exited).toBe(0);
    }
    await using tui = open();
    await tui.shows(/╭ Jobs [\s\S]*[1-9] completed/, 30_000);
    tui.type("L\x11");
    await tui.shows("Stop the system running from this folder?");
    tui.type("y");
    await tui.shows("✓ stopped", 60_000);
    // The screen may now show another system on this machine, so only the state file proves that this one stopped.
    expect(existsSync(join(folder, ".observatory/dev.json"))).toBe(false);
  },
);
