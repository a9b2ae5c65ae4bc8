import { PAGE_HEADERS } from "../../web/headers.ts";
import { proofPaths } from "../smoke/proof-paths.ts";
import { createRecorder } from "../smoke/recorder.ts";
import { findChromium, openBrowser } from "../support/browser.ts";
import { connectPty } from "../support/pty-client.ts";
import { eventually } from "../support/wait.ts";
import type { Report } from "./report.ts";
import type { RunningSystem } from "./running-system.ts";

export interface FrontProof {
  readonly system: RunningSystem;
  readonly report: Report;
  readonly folder: string;
}

export async function proveFourPaths({ report, system, folder }: FrontProof): Promise<void> {
  const recorder = createRecorder({ folder, signal: AbortSignal.timeout(60_000) });
  const targets = { gateway: system.gateway, readModel: system.readModel, metrics: system.metrics };
  for (const { name, prove } of proofPaths(targets))
    if (!(await report.check(name, () => recorder.path(name, prove)))) return;
}

/**
 * Proves that nginx serves the page with its security headers, the APIs behind the page, and a terminal that shows the
 * terminal UI.
 */
export async function provePage({ report, system }: FrontProof): Promise<void> {
  const { page } = system;
  await report.check("nginx serves the page and forwards to both APIs", async () => {
    const { headers, status } = await fetch(`${page}/`);
    for (const [name, value] of Object.entries(PAGE_HEADERS))
      if (headers.get(name) !== value) throw new Error(`${status}: ${name} is ${headers.get(name)}`);
    for (const path of ["/app.js", "/app.css", "/api/overview", "/gateway/job-types"]) {
      const reply = await fetch(`${page}${path}`);
      if (!reply.ok) throw new Error(`${path} answered ${reply.status}: ${await reply.text()}`);
    }
    return undefined;
  });
  await report.check("the terminal shows the terminal UI", () => openTerminal(page));
  if (findChromium() || process.env.CI)
    await report.check("a browser shows the terminal UI on the page", () => showInBrowser(page));
  else report.say("Chromium is not installed, so the page was not checked in a browser");
}

/** Opens a terminal behind nginx; resolves once it shows the terminal UI. */
export async function openTerminal(page: string): Promise<string> {
  const terminal = await connectPty({ url: `${page.replace("http", "ws")}/ws`, headers: { origin: page } });
  try {
    terminal.say({ type: "open", cols: 100, rows: 28 });
    await terminal.sees("observatory");
    await terminal.sees("Overview");
    return `${terminal.bytes().length} bytes`;
  } finally {
    terminal.close();
  }
}

// This script runs in the page, because tests have no DOM.
const TEXT = `(({ rows, buffer: { active } }) =>
  Array.from({ length: rows }, (_, y) => active.getLine(active.baseY + y).translateToString(true)).join("\\n")
)(document.querySelector(".screen").terminal)`;

async function showInBrowser(page: string): Promise<string> {
  const browser = await openBrowser();
  try {
    await using tab = await browser.open(`${page}/#/terminal`);
    await eventually(async () => (await tab.page.evaluate<string>(TEXT)).includes("Overview"), {
      what: "the terminal UI in the page's terminal",
    });
    if (tab.faults.length > 0) throw new Error(tab.faults.join("\n"));
    return await tab.page.title();
  } finally {
    await browser.close();
  }
}
