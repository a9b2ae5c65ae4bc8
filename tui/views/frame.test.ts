import { beforeAll, expect, test } from "bun:test";
import { toText } from "../canvas.ts";
import type { State } from "../model.ts";
import { expectGolden } from "../testing/golden.ts";
import { NOW, sampleId, sampleLedger, sampleOverview } from "../testing/sample-data.ts";
import { freshState, liveState, press } from "../testing/sample-state.ts";
import { widthOf } from "../text.ts";
import { update } from "../update.ts";
import { render } from "./frame.ts";
import { plainText } from "./plain.ts";

beforeAll(() => {
  process.env.TZ = "UTC";
});

const shown = (state: State, options = {}) => toText(render(state, options));
const job = { screen: "job", id: sampleId(1) } as const;

test("the overview matches its golden file at every size", () => {
  for (const [width, height] of [
    [120, 40],
    [100, 28],
    [80, 24],
    [40, 12],
  ] as const)
    expectGolden(`overview-${width}x${height}`, shown(liveState(width, height)));
});

test("the job list renders wide glyphs and strips escape sequences", () => {
  for (const [width, height] of [
    [120, 24],
    [80, 24],
    [40, 12],
  ] as const)
    expectGolden(`jobs-${width}x${height}`, shown(liveState(width, height, { screen: "jobs" })));
});

test("the job screen shows the stages that the job passed through, and the chosen pane", () => {
  expectGolden("job-120x40", shown(liveState(120, 40, job)));
  expectGolden("job-80x24-logs", shown(press(liveState(80, 24, job), "tab", "tab", "tab").state));
  expectGolden("job-40x12", shown(liveState(40, 12, job)));
});

test("the new-job form reports invalid values as they are typed", () => {
  const { state } = press(liveState(80, 24, { screen: "jobs" }), "N", "down", "down", "ctrl-u", "0", "down");
  expectGolden("new-job-80x24", shown(state));
  expectGolden("new-job-120x40", shown({ ...state, width: 120, height: 40 }));
});

test("while nothing is running, the first screen says so and explains what to do", () => {
  const [asked] = update(freshState(80, 24), { kind: "tick" }, NOW);
  const key = asked.data.overview?.key ?? "";
  const failure = {
    message: "Nothing answers at http://localhost:8080",
    remedy: "Start it",
    unreachable: true,
  };
  const [failed] = update(asked, { kind: "failed", name: "overview", key, failure }, NOW);
  expectGolden("nothing-runs-80x24", shown(failed));
});

test("the overview keeps the last data while offline and shows its age", () => {
  const live = liveState(80, 24);
  const [asked] = update(live, { kind: "tick" }, NOW + 12_000);
  const key = asked.data.overview?.key ?? "";
  const failure = { message: "Nothing answers", remedy: "Start it", unreachable: true };
  const [failed] = update(asked, { kind: "failed", name: "overview", key, failure }, NOW + 12_000);
  const [first] = shown(failed).split("\n");
  expect(first).toContain("✕ offline · data 12 s old");
  expect(shown(failed)).toContain("12,480 completed");
});

test("an unbalanced ledger, an unavailable store and a lagging metrics-engine are shown as problems", () => {
  const ledger = sampleLedger({ balanced: false, lost: { count: 3, ids: [] } });
  const overview = sampleOverview({ unavailable: ["postgres"], observationLagMs: 42_000 });
  const text = shown(liveState(120, 40, undefined, { ledger, overview }));
  expect(text).toContain("✕ not balanced");
  expect(text).toContain("✕ PostgreSQL: no answer");
  expect(text).toContain("✕ metrics-engine: 42 s behind");
});

test("help lists the current screen's keys first, the palette matches letters, and a confirmation shows the count", () => {
  const jobs = liveState(80, 24, { screen: "jobs" });
  expectGolden("help-80x24", shown(press(jobs, "?").state));
  expectGolden("palette-80x24", shown(press(jobs, ":", "d", "l").state));
  const marked = press(jobs, " ", "down", "down", " ").state;
  expect(shown(press(marked, "t").state)).toContain("Retry 1 job?  y yes  n no");
});

test("--ascii replaces every glyph, and --plain has neither columns nor borders", () => {
  const ascii = shown(liveState(80, 24), { ascii: true });
  expect(ascii).toMatch(/^[ -~\n]*$/);
  expectGolden("overview-80x24-ascii", ascii);
  expectGolden("overview-plain", plainText(liveState(120, 60)));
});

test("every line is exactly as wide as the terminal, whatever text it contains", () => {
  for (const place of [undefined, { screen: "jobs" } as const, job, { screen: "new-job" } as const])
    for (const width of [40, 57, 80, 100, 133]) {
      const canvas = render(liveState(width, 24, place));
      for (let y = 0; y < canvas.height; y++) {
        const row = canvas.chars.slice(y * width, (y + 1) * width).join("");
        expect([place?.screen, width, y, widthOf(row)]).toEqual([place?.screen, width, y, width]);
      }
    }
});

test("a terminal smaller than 40×12 shows the required size and how to quit", () => {
  expect(shown(liveState(30, 8))).toBe("Too small\n30×8, needs 40×12\nCtrl-C leaves\n\n\n\n\n");
});
