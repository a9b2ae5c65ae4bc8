import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { AxeBuilder } from "@axe-core/playwright";
import headless from "@xterm/headless";
import type { Page } from "playwright";
import { openBrowser } from "../support/browser.ts";
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

// Evaluated in the page, where the DOM is.
const LINES = `(({ rows, buffer: { active } }) =>
  Array.from({ length: rows }, (_, y) => active.getLine(active.baseY + y).translateToString(true))
)(document.querySelector(".screen").terminal)`;
const OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

/** The lines that the terminal of a page shows. */
const linesOf = (page: Page) => page.evaluate<string[]>(LINES);

const shows = (page: Page, text: string) =>
  eventually(async () => (await linesOf(page)).some((line) => line.includes(text)), {
    what: `${JSON.stringify(text)} in the terminal`,
    timeoutMs: 20_000,
  });

const connected = (page: Page) => page.getByRole("status").filter({ hasText: "Connected" }).waitFor();

describe("the terminal in the page", () => {
  test("shows the interface, takes keys, and comes back to the same process after a reload", async () => {
    await using system = await startPageSystem(world);
    await using tab = await browser.open(system.url);
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

  test("equals a local terminal cell by cell, colours included", async () => {
    const script = `printf '\\033[31mred \\033[1;32mgreen\\033[0m \\033[38;5;200mindexed\\033[48;2;10;20;30m true\\033[0m\\r\\n日本 ●◐○ ╭─╮\\r\\n\\033[7mreverse\\033[0m'; sleep 100`;
    await using system = await startPageSystem(world, {
      PTY_TUI_BINARY: JSON.stringify(["sh", "-c", script]),
    });
    await using tab = await browser.open(system.url);
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

  test("resumes after a broken network, and starts again after its service was killed", async () => {
    await using system = await startPageSystem(world, {
      PTY_TUI_BINARY: '["sh", "-c", "echo pid $$; PS1= exec sh"]',
    });
    await using tab = await browser.open(system.url);
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

  test("a watch link shows the screen to a second browser, whose keys reach nothing", async () => {
    await using system = await startPageSystem(world, { PTY_TUI_BINARY: '["sh", "-c", "PS1= exec sh"]' });
    await using first = await browser.open(system.url);
    await connected(first.page);
    await first.page.getByRole("button", { name: "Make a link" }).first().click();
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

  test("says what to do when there are too many sessions, or a token is needed", async () => {
    await using full = await startPageSystem(world, {
      PTY_PER_IP_CAP: "1",
      PTY_TUI_BINARY: '["sleep", "1000"]',
    });
    await using first = await browser.open(full.url);
    await connected(first.page);
    await using second = await browser.open(full.url);
    await second.page.getByRole("heading", { name: "Too many sessions" }).waitFor();

    const token = "a token of the test";
    await using guarded = await startPageSystem(world, {
      PTY_AUTH_TOKEN: token,
      PTY_TUI_BINARY: '["sleep", "1000"]',
    });
    await using tab = await browser.open(guarded.url);
    await tab.page.getByLabel("Token").fill("wrong token here");
    await tab.page.getByRole("button", { name: "Open the terminal" }).click();
    await tab.page.getByText("The token is wrong").waitFor();
    await tab.page.getByLabel("Token").fill(token);
    await tab.page.getByRole("button", { name: "Open the terminal" }).click();
    await connected(tab.page);
  });
});

describe("the dashboard", () => {
  let system: Awaited<ReturnType<typeof startPageSystem>>;
  beforeAll(async () => {
    system = await startPageSystem(world, { PTY_TUI_BINARY: '["sleep", "1000"]' });
    await world.submitMany([
      { type: "fail", maxAttempts: 1 },
      { type: "hash", payload: { text: "page", rounds: 10 } },
    ]);
    await eventually(async () => (await world.sql`select 1 from jobs where status = 'FAILED'`).length > 0, {
      what: "a failed job",
    });
  });
  afterAll(() => system[Symbol.asyncDispose]());

  test("shows the numbers live, and a new job changes them without a reload", async () => {
    await using tab = await browser.open(`${system.url}/#/overview`);
    const { page, faults } = tab;
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByText("Balanced", { exact: true }).waitFor();
    const completed = page.locator("a.counter").filter({ hasText: "Completed" }).locator(".value");
    const before = Number(await completed.textContent());
    await page.keyboard.press("n");
    await page.getByLabel("Type").selectOption("hash");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByRole("heading", { name: "hash" }).waitFor();
    await page.getByText("Where the").waitFor();
    await page.keyboard.press("1");
    await eventually(async () => Number(await completed.textContent()) > before, {
      what: "one more completed job",
    });
    // The job may be looked at before intake has made it a row.
    expect(faults.filter((fault) => !fault.includes("404"))).toEqual([]);
  });

  test("a filter lives in the address, and a failed job is retried from its page", async () => {
    await using tab = await browser.open(`${system.url}/#/jobs?filter=status%3Afailed`);
    const { page, faults } = tab;
    await page.getByText("ALWAYS_FAILS").first().waitFor();
    await page.locator("table.jobtable a").first().click();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText("Retried", { exact: true }).waitFor();
    await page.goBack();
    expect(page.url()).toContain("status%3Afailed");
    await page.getByLabel("Filter jobs").fill("status:nonsense");
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("alert").waitFor();
    // The page itself refuses the filter; the service agrees.
    expect(faults.filter((fault) => !fault.includes("400"))).toEqual([]);
  });

  test.each(["overview", "jobs", "events", "dead-letters", "queues", "alerts", "new", "terminal"])(
    "#/%s has no serious fault of access, in light and dark, wide and narrow",
    async (view) => {
      for (const [colorScheme, width] of [
        ["light", 1440],
        ["dark", 390],
      ] as const) {
        await using tab = await browser.open(`${system.url}/#/${view}`, {
          colorScheme,
          viewport: { width, height: 844 },
        });
        await tab.page.locator("main h1, main .frame").first().waitFor();

        const { violations } = await new AxeBuilder({ page: tab.page }).exclude(".xterm").analyze();
        const serious = violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).slice(0, 3)}`);
        expect(serious).toEqual([]);
        const overflow = await tab.page.evaluate<number>(OVERFLOW);
        expect(overflow).toBeLessThanOrEqual(0);
      }
    },
  );
});
