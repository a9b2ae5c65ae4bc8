import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright";
import { openBrowser } from "../support/browser.ts";
import { startPageSystem } from "../support/page-system.ts";
import { eventually } from "../support/wait.ts";
import { fixedJob, NOW, serveFixedAnswers } from "./fixed-answers.ts";

setDefaultTimeout(120_000);

const answers = serveFixedAnswers();
let system: Awaited<ReturnType<typeof startPageSystem>>;
let browser: Awaited<ReturnType<typeof openBrowser>>;
beforeAll(async () => {
  [system, browser] = await Promise.all([
    startPageSystem(answers, { PTY_TUI_BINARY: '["sleep", "1000"]' }),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await system[Symbol.asyncDispose]();
  await answers[Symbol.asyncDispose]();
});

const open = (view: string) => browser.open(`${system.url}/${view}`);
const rows = (page: Page) => page.locator("table.jobtable tbody tr");
const types = (page: Page) => page.locator("table.jobtable tbody td:nth-child(3)").allTextContents();

describe("the page's command line", () => {
  const find = async (page: Page, text: string) => {
    await page.keyboard.press(":");
    await page.getByRole("combobox", { name: "View, command" }).fill(text);
  };

  test("opens views and finds jobs by filter or partial id; Escape restores the focus", async () => {
    await using tab = await open("#/overview");
    const { page, faults } = tab;
    await page.getByText("Balanced at").waitFor();
    await find(page, "dead");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Dead letters", level: 1 }).waitFor();
    await find(page, "type:hash");
    await page.getByRole("option", { name: "jobs: type:hash" }).click();
    await page.waitForURL(/#\/jobs\?filter=type%3Ahash$/);
    await find(page, "0dfc0001");
    await page.keyboard.press("Enter");
    await page.waitForURL(/#\/jobs\?filter=0dfc0001$/);
    await page.getByRole("button", { name: "Find a job or run a command" }).click();
    await page.getByRole("option", { name: "terminal" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.locator("button[aria-label='Find a job or run a command']:focus").waitFor();
    expect(faults).toEqual([]);
  });

  test("offers exactly the commands that the view's keys would run now", async () => {
    await using tab = await open(`#/jobs/${fixedJob().id}`);
    const { page, faults } = tab;
    await page.getByText("Where the").waitFor();
    await find(page, "");
    await page.getByRole("option", { name: /^edit/ }).waitFor();
    // A completed job can be neither retried nor cancelled.
    expect(await page.getByRole("option", { name: /^(retry|cancel)/ }).count()).toBe(0);
    await page.getByRole("combobox").fill("edi");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL(/#\/new\?from=/);
    await page.goto(`${system.url}/#/jobs`);
    await rows(page).first().waitFor();
    await find(page, "staus=failed");
    await page.getByText("There is no command staus=failed").waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical")).toEqual([]);
    expect(faults).toEqual([]);
  });
});

describe("the job list", () => {
  test("can be sorted by key or menu, and the URL keeps the sort order", async () => {
    await using tab = await open("#/jobs?sort=oldest");
    const { page, faults } = tab;
    await rows(page).nth(6).waitFor();
    const oldest = await rows(page).first().textContent();
    expect(oldest).toContain("0dfc0008");
    await page.keyboard.press("s");
    await page.waitForURL(/sort=slowest/);
    await page.locator("th[aria-sort='descending']").filter({ hasText: "Took" }).waitFor();
    await page.getByText("The newest 7 of 12,778, slowest first").waitFor();
    await page.getByLabel("Order").selectOption("By type");
    await page.waitForURL(/sort=type/);
    const sorted = ["flaky", "hash", "hash", "hash", "hash", "sleep", "sleep"];
    await eventually(async () => (await types(page)).join() === sorted.join(), { what: "the order by type" });
    await page.reload();
    await rows(page).nth(6).waitFor();
    expect(await types(page)).toEqual(sorted);
    expect(await page.getByLabel("Order").inputValue()).toBe("type");
    expect(faults).toEqual([]);
  });

  test("counts statuses within the chosen type and types within the chosen status", async () => {
    await using tab = await open("#/jobs?filter=type%3Ahash");
    const { page, faults } = tab;
    const facet = (name: string) => page.locator(".facet a").filter({ hasText: name }).locator(".n");
    await page.getByText(/^9,104 of 12,778 match\./).waitFor();
    await page.getByRole("heading", { name: "Status, among hash jobs" }).waitFor();
    expect(await facet("Failed").textContent()).toBe("41");
    expect(await facet("Scheduled").textContent()).toBe("0");
    await page.getByRole("link", { name: /^Failed/ }).click();
    await page.getByRole("heading", { name: "Type, among failed jobs" }).waitFor();
    await page.getByText(/^41 of 12,778 match\./).waitFor();
    expect(await facet("http-check").textContent()).toBe("2");
    await page.getByLabel("Accepted").selectOption("Last hour");
    await page.waitForURL(/createdAfter%3A1h/);
    // The counts come from totals by status and type, so the page shows none for a time filter.
    await page.getByText(/^The page's address contains/).waitFor();
    expect(faults).toEqual([]);
  });

  test("stays unchanged while a job is marked, but counts the new jobs", async () => {
    await using tab = await browser.open("about:blank");
    const { page, faults } = tab;
    let isMore = false;
    await page.route("**/api/jobs?*", async (route) => {
      const reply = await route.fetch();
      const body = (await reply.json()) as { items: { id: string }[] };
      const [first] = body.items;
      const added = isMore && first ? [{ ...first, id: first.id.replace(/.{4}$/, "9999") }] : [];
      await route.fulfill({ json: { ...body, items: [...added, ...body.items] } });
    });
    await page.goto(`${system.url}/#/jobs`);
    await rows(page).nth(6).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Space");
    await page.getByText("1 marked").waitFor();
    isMore = true;
    const news = page.getByRole("button", { name: "Show 1 new" });
    await news.waitFor();
    expect(await rows(page).count()).toBe(7);
    await news.click();
    await page.getByRole("link", { name: "0dfc9999" }).waitFor();
    await page.getByText("1 marked").waitFor();
    await page.getByRole("button", { name: /^Mark all 8/ }).click();
    await page.getByText("8 marked").waitFor();
    expect(faults).toEqual([]);
  });
});

test("events can be filtered through the URL, browsed by keys and frozen", async () => {
  await using tab = await open("#/events");
  const { page, faults } = tab;
  await page.getByRole("heading", { name: "The newest 5" }).waitFor();
  await page.keyboard.press("/");
  await page.getByLabel("Filter events").fill("job.failed coffee");
  await page.keyboard.press("Enter");
  await page.waitForURL(/filter=job\.failed\+coffee/);
  await page.getByRole("heading", { name: "1 of the newest 5" }).waitFor();
  await page.keyboard.press("z");
  await page.getByRole("button", { name: "Unfreeze" }).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForURL(/#\/events$/);
  await page.keyboard.press("j");
  await page.locator(".feed li.cursor a:focus").waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("Where the").waitFor();
  expect(faults).toEqual([]);
});

test("the time until a job is due counts down without moving the layout", async () => {
  await using tab = await browser.open("about:blank");
  const { page, faults } = tab;
  // The browser's clock is fixed, and the test moves it instead of waiting.
  await page.clock.setFixedTime(NOW);
  await page.goto(`${system.url}/#/jobs?filter=status%3Ascheduled`);
  const countdown = page.locator("time.countdown");
  await countdown.filter({ hasText: "due in 42 s" }).waitFor();
  const box = await countdown.boundingBox();
  await page.clock.setFixedTime(NOW + 33_500);
  await countdown.filter({ hasText: "due in 9 s" }).waitFor();
  expect(await countdown.boundingBox()).toEqual(box);
  await page.clock.setFixedTime(NOW + 42_001);
  await countdown.filter({ hasText: "due now" }).waitFor();
  await page.clock.setFixedTime(NOW);
  await page.goto(`${system.url}/#/overview`);
  await page.getByText("next in 42 s").waitFor();
  await page.getByText("next in 1 s").waitFor();
  expect(faults).toEqual([]);
});

test("screen readers announce alerts and a lost connection", async () => {
  let firing: readonly { readonly id: string; readonly severity: string }[] = [];
  await using tab = await browser.open("about:blank");
  const { page } = tab;
  await page.route("**/api/alerts", (route) =>
    route.fulfill({
      json: {
        source: "alertmanager",
        fetchedAt: new Date().toISOString(),
        items: firing.map(({ id, severity }) => ({
          id,
          severity,
          name: `Alert${id}`,
          state: "firing",
          summary: "Something is wrong",
          startsAt: new Date().toISOString(),
          labels: {},
        })),
      },
    }),
  );
  const known = page.waitForResponse("**/api/alerts");
  await page.goto(`${system.url}/#/jobs`);
  await page.locator(".live.live:not(.connecting)").waitFor();
  await known;
  const polite = page.locator(".sr[aria-live=polite]");
  expect(await polite.textContent()).toBe("");
  firing = [
    { id: "1", severity: "warning" },
    { id: "2", severity: "critical" },
  ];
  await polite.filter({ hasText: "Alert, warning: Alert1. Something is wrong" }).waitFor();
  await page.locator(".sr[aria-live=assertive]").filter({ hasText: "Alert, critical: Alert2" }).waitFor();
  await system.breakNetwork();
  await polite.filter({ hasText: "Not live" }).waitFor();
  await polite.filter({ hasText: "Live again" }).waitFor();
});
