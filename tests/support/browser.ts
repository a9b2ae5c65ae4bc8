import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright";
import { measurePage } from "./page-coverage.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** Keep Chromium from syncing, updating and sending background requests, because the machine may be offline. */
const ARGUMENTS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Finds the installed Chromium; the environment variable CHROMIUM overrides it. */
export function findChromium(): string | undefined {
  return (
    process.env.CHROMIUM ?? NAMES.map((name) => Bun.which(name)).find((path) => path !== null) ?? undefined
  );
}

/** A page that records its console errors, exceptions and failed requests as faults. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  readonly faults: string[];
}

export async function openBrowser(): Promise<{
  open(url: string, options?: BrowserContextOptions): Promise<WatchedPage>;
  close(): Promise<void>;
}> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("Chromium was not found; set CHROMIUM to its path");
  // Root cannot use Chromium's sandbox, and containers seldom provide it.
  const browser: Browser = await chromium.launch({ executablePath, args: [...ARGUMENTS, "--no-sandbox"] });
  return {
    async open(url, options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") faults.push(`console: ${message.text()}`);
      });
      page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
      page.on("response", (response) => {
        if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
      });
      const folder = process.env.OBSERVATORY_COVERAGE;
      const report = folder ? await measurePage(page, folder) : undefined;
      await page.goto(url);
      return {
        page,
        faults,
        async [Symbol.asyncDispose]() {
          await report?.();
          await context.close();
        },
      };
    },
    close: () => browser.close(),
  };
}
