import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import headless from "@xterm/headless";
import type { Page } from "playwright";
import { openBrowser } from "../support/browser.ts";
import { linesAround } from "../support/lines-around.ts";
import { startPageSystem } from "../support/page-system.ts";
import { eventually } from "../support/wait.ts";
import { createWorld, type World } from "../support/world.ts";

setDefaultTimeout(120_000);

let world: World;
let browser: Awaited<ReturnType<typeof openBrowser>>;
beforeAll(async () => {
  [world, browser] = await Promise.all([createWorld({ engines: "embedded" }), openBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await world[Symbol.asyncDispose]();
});

// This script runs in the page, because tests have no DOM.
const LINES = `(({ rows, buffer: { active } }) =>
  Array.from({ length: rows }, (_, y) => active.getLine(active.baseY + y).translateToString(true))
)(document.querySelector(".screen").terminal)`;

/** Returns the lines in a page's terminal. */
const linesOf = (page: Page) => page.evaluate<string[]>(LINES);

const shows = (page: Page, text: string) =>
  eventually(async () => (await linesOf(page)).some((line) => line.includes(text)), {
    what: `${JSON.stringify(text)} in the terminal`,
    timeoutMs: 20_000,
  });

const connected = (page: Page) => page.getByRole("status").filter({ hasText: "Connected" }).waitFor();

describe("the terminal in the page", () => {
  test("shows the terminal UI, accepts keys, and reattaches to the same process after a reload", async () => {
    await using system = await startPageSystem(world);
    await using tab = await browser.open(`${system.url}/#/terminal`);
    const { page, faults } = tab;
    await connected(page);
    await shows(page, "Overview");
    await shows(page, "observatory");
    await page.keyboard.press("2");
    await shows(page, "Status");
    const session = await page.locator(".side .mono").first().textContent();
    await page.reload();
    await connected(page);
    await shows(page, "Status");
    expect(await page.locator(".side .mono").first().textContent()).toBe(session);
    expect(faults).toEqual([]);
  });

  test("matches a local terminal cell by cell, including colors", async () => {
    const script = `printf '\\033[31mred \\033[1;32mgreen\\033[0m \\033[38;5;200mindexed\\033[48;2;10;20;30m true\\033[0m\\r\\n日本 ●◐○ ╭─╮\\r\\n\\033[7mreverse\\033[0m'; sleep 100`;
    await using system = await startPageSystem(world, {
      PTY_TUI_BINARY: JSON.stringify(["sh", "-c", script]),
    });
    await using tab = await browser.open(`${system.url}/#/terminal`);
    await shows(tab.page, "reverse");
    const local = new headless.Terminal({ cols: 80, rows: 24, allowProposedApi: true });
    const bytes = Bun.spawnSync(["sh", "-c", script.replace("sleep 100", "true")]).stdout;
    await new Promise<void>((resolve) => local.write(bytes, resolve));
    const cells = (terminal: typeof local) =>
      [0, 1, 2].map((y) =>
        Array.from({ length: 40 }, (_, x) => {
          const cell = terminal.buffer.active.getLine(y)?.getCell(x);
          return [
            cell?.getChars(),
            cell?.getFgColor(),
            cell?.getFgColorMode(),
            cell?.getBgColor(),
            cell?.isBold(),
            cell?.isInverse(),
          ].join(" ");
        }),
      );
    const inPage = await tab.page.evaluate(
      `(${cells.toString()})(document.querySelector(".screen").terminal)`,
    );
    expect(inPage).toEqual(cells(local));
  });

  test("resumes after a network failure, and starts a new shell after its service was killed", async () => {
    await using system = await startPageSystem(world, {
      PTY_TUI_BINARY: '["sh", "-c", "echo pid $$; PS1= exec sh"]',
    });
    await using tab = await browser.open(`${system.url}/#/terminal`);
    const { page } = tab;
    await shows(page, "pid ");
    const [before] = await linesOf(page);
    await system.breakNetwork();
    await page.keyboard.type("echo still-here\n");
    await connected(page);
    await page.locator(".screen").click();
    await page.keyboard.type("echo still-here $$\n");
    await shows(page, `still-here ${before?.slice(4)}`);
    expect((await linesOf(page)).filter((line) => line.startsWith("pid "))).toEqual([before!]);

    await system.killTerminals();
    await page.getByText("Reconnecting").waitFor();
    await system.restartTerminals();
    await eventually(
      async () => (await linesOf(page)).some((line) => line.startsWith("pid ") && line !== before),
      {
        what: "a new shell",
        timeoutMs: 40_000,
      },
    );
  });

  test("notices a service that stops answering on an open socket, and resumes its output without gaps or repeats", async () => {
    const folder = await mkdtemp(join(tmpdir(), "observatory-frozen-"));
    const go = join(folder, "go");
    await using system = await startPageSystem(world, {
      PTY_TUI_BINARY: JSON.stringify(["sh", "-c", linesAround(go)]),
    });
    await using tab = await browser.open(`${system.url}/#/terminal`);
    const { page } = tab;
    await connected(page);
    await shows(page, "line 1 of");
    const { terminals } = system;
    terminals.signal("SIGSTOP");
    try {
      await Bun.write(go, "");
      await page.getByText("Reconnecting").waitFor({ timeout: 60_000 });
    } finally {
      terminals.signal("SIGCONT");
      await rm(folder, { recursive: true });
    }
    await shows(page, "line 5 of");
    await connected(page);
    const lines = (await linesOf(page)).filter((line) => line.startsWith("line "));
    const pid = lines[0]?.split(" ").at(-1);
    expect(lines).toEqual([1, 2, 3, 4, 5].map((n) => `line ${n} of ${pid}`));
  });

  test("shows its screen through a watch link to a second browser, whose keys have no effect", async () => {
    await using system = await startPageSystem(world, { PTY_TUI_BINARY: '["sh", "-c", "PS1= exec sh"]' });
    await using first = await browser.open(`${system.url}/#/terminal`);
    await connected(first.page);
    await first.page.getByRole("button", { name: "Create a link" }).first().click();
    const link = await first.page.locator(".copyfield code").first().textContent();
    await using second = await browser.open(link!);
    await second.page.getByText("Watching").first().waitFor();
    await second.page.locator(".screen").click();
    await second.page.keyboard.type("echo intruder\n");
    await first.page.locator(".screen").click();
    await first.page.keyboard.type("echo from the driver\n");
    await shows(second.page, "from the driver");
    expect((await linesOf(first.page)).join("\n")).not.toContain("intruder");
  });

  test("says what to do when there are too many sessions or a token is required", async () => {
    await using full = await startPageSystem(world, {
      PTY_PER_IP_CAP: "1",
      PTY_TUI_BINARY: '["sleep", "1000"]',
    });
    await using first = await browser.open(`${full.url}/#/terminal`);
    await connected(first.page);
    await using second = await browser.open(`${full.url}/#/terminal`);
    await second.page.getByRole("heading", { name: "Too many sessions" }).waitFor();

    const token = "a token of the test";
    await using guarded = await startPageSystem(world, {
      PTY_AUTH_TOKEN: token,
      PTY_TUI_BINARY: '["sleep", "1000"]',
    });
    await using tab = await browser.open(`${guarded.url}/#/terminal`);
    await tab.page.getByLabel("Token").fill("wrong token here");
    await tab.page.getByRole("button", { name: "Open the terminal" }).click();
    await tab.page.getByText("The token is wrong").waitFor();
    await tab.page.getByLabel("Token").fill(token);
    await tab.page.getByRole("button", { name: "Open the terminal" }).click();
    await connected(tab.page);
  });

  test("reports within seconds that the service did not answer a token, and can send the token again", async () => {
    const token = "a token of the test";
    await using system = await startPageSystem(world, {
      PTY_AUTH_TOKEN: token,
      PTY_TUI_BINARY: '["sleep", "1000"]',
    });
    await using tab = await browser.open(`${system.url}/#/terminal`);
    await tab.page.getByLabel("Token").fill(token);
    system.terminals.signal("SIGSTOP");
    try {
      await tab.page.getByRole("button", { name: "Open the terminal" }).click();
      await tab.page.getByText("The terminal service does not answer.").waitFor({ timeout: 30_000 });
    } finally {
      system.terminals.signal("SIGCONT");
    }
    await tab.page.getByRole("button", { name: "Open the terminal" }).click();
    await connected(tab.page);
  });
});
