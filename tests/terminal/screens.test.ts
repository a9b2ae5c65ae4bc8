import { afterAll, beforeAll, expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";
import type { World } from "../support/world.ts";
import { buildDashboard, type InTerminal, KEYS, openTerminal, type Size } from "./odd-dashboard.ts";

let built: Awaited<ReturnType<typeof buildDashboard>>;
beforeAll(async () => {
  built = await buildDashboard();
}, 180_000);
afterAll(() => built.remove());

const SIZES: readonly Size[] = [
  { cols: 120, rows: 40 },
  { cols: 80, rows: 24 },
  { cols: 40, rows: 12 },
];
const HOSTILE = "\x1b]0;taken over\x07\x1b[2J日本📦 out of coffee";

/** Returns what a terminal sends for a mouse button or wheel on a cell; `x` and `y` start at 0 (XTerm's SGR 1006). */
const sgrMouse = (button: number, x: number, y: number) => `\x1b[<${button};${x + 1};${y + 1}M`;

behavior("the terminal UI", { engines: "embedded" }, (world) => {
  test("every screen shows the system's data at every size", async () => {
    await world().untilStatus(
      await world().submit({ type: "hash", payload: { text: "observe" } }),
      "COMPLETED",
    );
    await world().untilStatus(
      await world().submit({ type: "fail", payload: { message: HOSTILE }, maxAttempts: 1 }),
      "FAILED",
    );
    for (const size of SIZES) {
      await using tui = open(world(), size);
      await tui.shows(/completed/);
      await walk(tui);
    }
  });

  test("text from a job reaches the screen without escape sequences and keeps the layout intact", async () => {
    await using tui = open(world(), { cols: 120, rows: 24 });
    await tui.shows("completed");
    tui.type("2");
    // The test's virtual screen draws the emoji one cell wide. The program reserves two cells, because other terminals
    // draw it two cells wide.
    await tui.shows(/日本📦 {1,2}out of coff/);
    expect(tui.takeOutput()).not.toContain("taken over");
    await expectWholeBorder(tui);
  });

  test("with the mouse on, a click selects a row or a screen, and the wheel moves the cursor", async () => {
    await world().submitMany([
      { type: "hash", payload: { text: "a" } },
      { type: "hash", payload: { text: "b" } },
    ]);
    await using tui = open(world(), { cols: 120, rows: 24 });
    await tui.shows("completed");
    tui.type("2");
    await tui.shows(/^.*▌.*\n.*hash .*● completed/m);
    const rows = (await tui.text()).split("\n");
    const selected = rows.findIndex((row) => row.includes("▌"));
    tui.type("m");
    tui.type(sgrMouse(0, 40, selected + 1));
    await eventually(async () => (await tui.text()).split("\n")[selected + 1]?.includes("▌"), {
      what: "the clicked row to be selected",
    });
    tui.type(sgrMouse(64, 40, selected));
    await eventually(async () => (await tui.text()).split("\n")[selected]?.includes("▌"), {
      what: "the wheel to move the cursor up",
    });
    tui.type(sgrMouse(0, rows[0]?.indexOf("5 Queues") ?? 0, 0));
    await tui.shows("╭ Workers");
  });

  test("a job submitted in the form can be watched, cancelled and retried", async () => {
    await using tui = open(world(), { cols: 100, rows: 30 });
    await tui.shows("completed");
    tui.type("N");
    await tui.shows("‹ fail ›");
    tui.type("s");
    await tui.shows("‹ sleep ›");
    tui.type(`${KEYS.down}\x15${"60000"}${KEYS.enter.repeat(1)}`);
    tui.type(KEYS.down.repeat(8));
    await tui.shows("Enter submits");
    tui.type(KEYS.enter);
    await tui.shows(/Jobs › [0-9a-f]{8} sleep ◐ executing/);
    tui.type("x");
    await tui.shows("Cancel 1 job?");
    tui.type("y");
    await tui.shows("⊘ cancelled");
    await tui.shows("t retry");
    tui.type("ty");
    await tui.shows(/sleep ◐ executing/);
    tui.type("xy");
    await tui.shows("⊘ cancelled");
  });

  test("marked jobs are retried together after the user confirms their number", async () => {
    const ids = await world().submitMany(
      ["a", "b", "c"].map((message) => ({
        type: "fail",
        payload: { message },
        maxAttempts: 1,
        metadata: {},
      })),
    );
    await world().untilAll(ids, "FAILED");
    await using tui = open(world(), { cols: 100, rows: 30 });
    await tui.shows("completed");
    tui.type("2/");
    await tui.shows(" / ");
    tui.type("status:fai\t");
    await tui.shows("/ status:failed");
    tui.type(" ALWAYS\r");
    await tui.shows("Jobs › status:failed ALWAYS");
    tui.type("  ");
    await tui.shows("2 marked");
    tui.type("t");
    await tui.shows("Retry 2 jobs?");
    tui.type("y");
    await tui.shows("✓ Retried 2 jobs");
    tui.type("*t");
    await tui.shows(/Retry \d+ matching jobs\?/);
    tui.type("n");
    await tui.shows("mark");
  });

  test("a queue can be paused and resumed, and a dead letter replayed and dropped", async () => {
    await using tui = open(world(), { cols: 100, rows: 30 });
    await tui.shows("completed");
    tui.type("5");
    await tui.shows("✓ idle");
    tui.type("gp");
    await tui.shows(/Pause queue [a-z-]+\?/);
    tui.type("y");
    await tui.shows("‖ paused");
    tui.type("p");
    await tui.shows(/✓ Resumed queue/);
    tui.type("4");
    await tui.shows("OUT_OF_TRIES");
    tui.type("t");
    await tui.shows("Replay 1 dead letter?");
    tui.type("y");
    await tui.shows("✓ Replayed 1 dead letter");
    tui.type("d");
    await tui.shows("Drop 1 dead letter? This cannot be undone.");
    tui.type("y");
    await tui.shows("✓ Dropped 1 dead letter");
  });

  test("one action counts and drops all dead letters of one cause, and keeps those of other causes", async () => {
    const fail = (message: string) => ({ type: "fail", payload: { message }, maxAttempts: 1 });
    const ids = await world().submitMany([fail("No tea at 4"), fail("No tea at 5"), fail("No milk at 6")]);
    for (const id of ids) await world().untilStatus(id, "FAILED");
    await using tui = open(world(), { cols: 100, rows: 30 });
    await tui.shows("completed");
    tui.type("4");
    await tui.shows(/2 .*OUT_OF_TRIES: No tea at/);
    tui.type(KEYS.right);
    await tui.shows(/▸ +2 /);
    tui.type("*");
    await tui.shows(/all that match reason:OUT_OF_TRIES No tea at/);
    tui.type("d");
    await tui.shows("Drop 2 matching dead letters? This cannot be undone.");
    tui.type("y");
    await tui.shows("✓ Dropped 2 dead letters");
    await tui.shows(/▸ +\d+ +all causes/);
    const text = await tui.text();
    expect(text).toContain("No milk at 6");
    expect(text).not.toContain("No tea");
  });

  test("resizing leaves no leftover characters on the screen", async () => {
    await using fresh = open(world(), { cols: 80, rows: 24 });
    await using resized = open(world(), { cols: 120, rows: 40 });
    for (const tui of [fresh, resized]) {
      await tui.shows("completed");
      tui.type("?");
      await tui.shows("On this screen");
    }
    for (const [cols, rows] of [
      [60, 14],
      [30, 8],
      [133, 50],
      [40, 12],
      [80, 24],
    ] as const) {
      resized.resize({ cols, rows });
      await resized.shows(cols === 30 ? "Too small" : "Help");
    }
    const wanted = (await fresh.text()).split("\n").slice(1).join("\n");
    await resized.shows(/1 to 20 of/);
    // The header's numbers keep changing; below it, the help covers the whole screen.
    expect((await resized.text()).split("\n").slice(1).join("\n")).toBe(wanted);
  });

  test("NO_COLOR removes all colors, and the cursor stays visible", async () => {
    await using tui = open(world(), { cols: 80, rows: 24 }, { NO_COLOR: "1" });
    await tui.shows("completed");
    tui.type("2");
    await tui.shows("▌");
    const cells = (await tui.cells()).flat();
    expect(cells.filter(({ color }) => color !== undefined)).toEqual([]);
    expect(cells.filter(({ inverse }) => inverse).length).toBeGreaterThan(20);
  });
});

function open(world: World, size: Size, env: Record<string, string> = {}): InTerminal {
  return openTerminal([built.binary], size, {
    GATEWAY_URL: world.gateway(),
    READ_MODEL_URL: world.readModel(),
    ...env,
  });
}

/** Opens every screen by its key and checks its title and right border. */
async function walk(tui: InTerminal) {
  const stops: [string, RegExp][] = [
    ["2", /╭ Jobs [\s\S]*[0-9a-f]{8} .*✕ failed/],
    [KEYS.enter, /╭ Timeline /],
    [KEYS.tab, /╭ Payload /],
    [KEYS.esc, /╭ Jobs /],
    ["3", /╭ Events [\s\S]*✕ failed/],
    [KEYS.enter, /"contractVersion"/],
    ["4", /╭ Causes [\s\S]*╭ Dead letters [\s\S]*日本/],
    [KEYS.enter, /Job out of tries/],
    ["5", /╭ Workers /],
    ["6", /cannot raise alerts|No alert is firing/],
    ["U", /╭ Pages /],
    ["N", /╭ New job /],
    [KEYS.esc, /╭ Pages /],
    ["?", /╭ Help /],
    [KEYS.esc, /╭ Pages /],
    [":over", /: over/],
    [KEYS.enter, /╭ Now /],
  ];
  for (const [keys, title] of stops) {
    tui.type(keys);
    await tui.shows(title);
    await expectWholeBorder(tui);
  }
}

/** Expects every row's border in the last column, whatever the row contains. */
async function expectWholeBorder(tui: InTerminal) {
  const rows = (await tui.cells()).slice(1, -1);
  expect(rows.map((row) => row.at(-1)?.text).filter((text) => !"│╮╯".includes(text ?? ""))).toEqual([]);
}
