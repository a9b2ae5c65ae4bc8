import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { openTerminal } from "./odd-dashboard.ts";

setDefaultTimeout(120_000);

const command = [
  process.execPath,
  join(import.meta.dir, "../../tui/launch/main.ts"),
  "--ephemeral",
  "--no-reload",
  "--tui",
];
let started: ReturnType<typeof openTerminal> | undefined;
afterEach(async () => {
  // Stops dev and waits until it has exited before closing its terminal, so that no engine is left running.
  started?.signal("SIGTERM");
  await started?.exited;
  await started?.[Symbol.asyncDispose]();
});

test("dev --tui opens the terminal UI once everything runs, and can keep the system running after it quits", async () => {
  const dev = openTerminal(command, { cols: 100, rows: 30 });
  started = dev;
  await dev.shows(/· live .*Overview/, 90_000);
  expect((await dev.modes()).isAlternate).toBe(true);
  dev.type("q");
  await dev.shows("Stop the system too? [Y/n]");
  expect((await dev.modes()).isAlternate).toBe(false);
  dev.type("n\r");
  dev.type("\x03");
  await dev.shows("Stopped; nothing is kept", 60_000);
  expect(await dev.exited).toBe(0);
});
