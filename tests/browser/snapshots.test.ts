import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright";
import { openBrowser } from "../support/browser.ts";
import { startPageSystem } from "../support/page-system.ts";
import { expectPicture } from "../support/picture.ts";
import { eventually } from "../support/wait.ts";
import { fixedJob, NOW, serveFixedAnswers } from "./fixed-answers.ts";

setDefaultTimeout(120_000);

const FIRST_LINE = `document.querySelector(".screen").terminal.buffer.active.getLine(0).translateToString()`;
const KEPT = join(import.meta.dir, "snapshots");
const DIFFERENCES = join(import.meta.dir, "../../artifacts/snapshots");
const SIZES = [
  { width: 1440, height: 900 },
  { width: 820, height: 1180 },
  { width: 390, height: 844 },
];
/**
 * The number of pixels that may differ. On one machine, pictures are identical to the pixel. Other browser versions
 * round curves differently, and arrows and status glyphs come from the machine's fonts. One changed letter (about 30
 * pixels) is therefore not detected.
 */
const MAX_PIXELS = { overview: 100, jobs: 100, job: 100, terminal: 600 };
const VIEWS = {
  overview: "#/overview",
  jobs: "#/jobs",
  job: `#/jobs/${fixedJob().id}`,
  terminal: "#/terminal",
} as const;

const answers = serveFixedAnswers();
let system: Awaited<ReturnType<typeof startPageSystem>>;
let browser: Awaited<ReturnType<typeof openBrowser>>;
beforeAll(async () => {
  const screen = join(import.meta.dir, "fixed-screen.ts");
  [system, browser] = await Promise.all([
    startPageSystem(answers, {
      PTY_TUI_BINARY: JSON.stringify([process.execPath, screen]),
      PTY_PER_IP_CAP: "50",
    }),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await browser.close();
  await system[Symbol.asyncDispose]();
  await answers[Symbol.asyncDispose]();
});

/**
 * Supplies Inter and makes it the page's font, so that pictures depend less on the machine's fonts. The page bundles
 * its monospaced font.
 */
async function useFixedFonts(page: Page): Promise<void> {
  for (const weight of [400, 600]) {
    const font = Bun.resolveSync(
      `@fontsource/inter/files/inter-latin-${weight}-normal.woff2`,
      import.meta.dir,
    );
    await page.route(`**/inter-${weight}.woff2`, (route) =>
      route.fulfill({ body: readFileSync(font), contentType: "font/woff2" }),
    );
  }
  await page.addInitScript(`{
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(\`
      @font-face { font-family: Inter; font-weight: 400; src: url("/inter-400.woff2") }
      @font-face { font-family: Inter; font-weight: 600; src: url("/inter-600.woff2") }
      :root { --font-sans: Inter; --font-mono: "JetBrains Mono" }
      /* Where a select's text is placed differs by a pixel between Chromium versions. */
      select.btn { color: transparent }
    \`);
    document.adoptedStyleSheets = [sheet];
  }`);
}

/** Takes pictures until two in a row are equal, and returns the last one. */
async function settled(page: Page): Promise<Buffer> {
  let last: Buffer = Buffer.alloc(0);
  await eventually(
    async () => {
      const next = await page.screenshot({ animations: "disabled", caret: "hide" });
      const isSame = next.equals(last);
      last = next;
      return isSame;
    },
    { what: "two equal pictures in a row", timeoutMs: 20_000 },
  );
  return last;
}

/** The elements that each view renders last. A picture is taken once all of them are visible. */
const LAST: Readonly<Record<keyof typeof VIEWS, readonly string[]>> = {
  overview: [
    ".reasons li",
    ".parts li",
    ".feed li",
    ".bar .busy",
    ".seal .ring:not(.counting)",
    ".counter:nth-child(4) .countdown",
    ".counter:nth-child(5) .countdown",
  ],
  jobs: [".jobtable tbody tr", ".facet .n:not(:empty)"],
  job: [".envelopes tr"],
  terminal: [],
};

async function isReady(page: Page, view: keyof typeof VIEWS): Promise<void> {
  await page.locator(".live.live:not(.connecting)").waitFor();
  for (const last of LAST[view]) await page.locator(last).first().waitFor();
  if (view !== "terminal") return;
  await page.getByText("Connected", { exact: true }).waitFor();
  await eventually(async () => (await page.evaluate<string>(FIRST_LINE)).includes("embedded"), {
    what: "the overview in the terminal",
  });
  // Session ids are random.
  await page.evaluate(
    `for (const id of document.querySelectorAll(".side .mono")) id.textContent = "7f3a90c2"`,
  );
}

for (const view of Object.keys(VIEWS) as (keyof typeof VIEWS)[])
  for (const viewport of SIZES)
    for (const colorScheme of ["light", "dark"] as const)
      test(`${view} matches its ${colorScheme} snapshot at ${viewport.width} px`, async () => {
        await using tab = await browser.open("about:blank", {
          viewport,
          colorScheme,
          reducedMotion: "reduce",
          timezoneId: "UTC",
          locale: "en-GB",
        });
        const { page, faults } = tab;
        await page.clock.setFixedTime(NOW);
        await useFixedFonts(page);
        await page.goto(`${system.url}/${VIEWS[view]}`);
        await isReady(page, view);
        const name = `${view}-${viewport.width}-${colorScheme}`;
        expectPicture(join(KEPT, `${name}.png`), await settled(page), {
          pixels: MAX_PIXELS[view],
          folder: DIFFERENCES,
        });
        expect(faults).toEqual([]);
      });
