import { expect, test } from "bun:test";
import type { DeadLetter } from "../contracts/dead-letter.ts";
import { toText } from "./canvas.ts";
import { hintsOf } from "./keys.ts";
import { dueLoads } from "./loads.ts";
import { placeOf, type State } from "./model.ts";
import { rowIds } from "./selection.ts";
import { NOW, SAMPLE_TYPES, sampleId } from "./testing/sample-data.ts";
import { answered, freshState, liveState, press } from "./testing/sample-state.ts";
import { update } from "./update.ts";
import { render } from "./views/frame.ts";

const jobs = () => liveState(80, 24, { screen: "jobs" });
const unreachable = { message: "Nothing answers", remedy: "Start it", unreachable: true };

test("Esc undoes one step at a time and never quits the program", () => {
  const { state } = press(jobs(), " ", "/", "h", "enter");
  expect(state.lists.jobs.filter).toBe("h");
  const marked = press(answered(state), " ").state;
  expect(marked.lists.jobs.marks.size).toBe(1);
  const unmarked = press(marked, "esc").state;
  expect([unmarked.lists.jobs.marks.size, unmarked.lists.jobs.filter]).toEqual([0, "h"]);
  const unfiltered = press(unmarked, "esc").state;
  expect([unfiltered.lists.jobs.filter, placeOf(unfiltered).screen]).toEqual(["", "jobs"]);
  const { state: overview, effects } = press(unfiltered, "esc", "esc", "esc");
  expect([placeOf(overview).screen, effects]).toEqual(["overview", []]);
});

test("Ctrl-C quits from anywhere, even from a form or a prompt", () => {
  for (const keys of [[], ["N"], ["/"], [":"], ["?"]])
    expect(press(jobs(), ...keys, "ctrl-c").effects).toContainEqual({ kind: "quit" });
});

test("a destructive command shows its count and waits for confirmation", () => {
  const { state, effects } = press(jobs(), " ", "down", " ", "x");
  expect(effects).toEqual([]);
  expect(state.overlay).toMatchObject({ kind: "confirm", question: "Cancel 1 job?" });
  expect(press(state, "n").effects).toEqual([]);
  const { effects: run } = press(state, "y");
  expect(run).toEqual([{ kind: "run", command: { kind: "cancel", ids: [sampleId(3)] } } as never]);
});

test("a marked job that is no longer loaded can still be cancelled and retried", () => {
  const { state } = press(jobs(), " ");
  const { id, ...page } = { id: state.data.jobs!.value!.items[0]!.id, ...state.data.jobs!.value! };
  const left = { ...page, items: page.items.filter((job) => job.id !== id) };
  const [gone] = update(
    { ...state, data: { ...state.data, jobs: { ...state.data.jobs!, inFlight: true } } },
    { kind: "loaded", name: "jobs", key: state.data.jobs!.key, value: left },
    NOW,
  );
  for (const [key, kind] of [
    ["x", "cancel"],
    ["t", "retry"],
  ] as const) {
    const asked = press(gone, key).state;
    expect(press(asked, "y").effects).toEqual([{ kind: "run", command: { kind, ids: [id] } } as never]);
  }
});

test("the service counts all matches before a bulk action is confirmed", () => {
  const { state, effects } = press(liveState(80, 24, { screen: "jobs" }), "*", "t");
  expect(effects).toMatchObject([{ kind: "count", command: { kind: "retry-all", filter: {} } }]);
  const command = { kind: "retry-all", filter: {} } as const;
  const [counted] = update(state, { kind: "counted", command, matched: 61 }, NOW);
  expect(counted.overlay).toMatchObject({ question: "Retry 61 matching jobs?" });
  const [none] = update(state, { kind: "counted", command, matched: 0 }, NOW);
  expect([none.overlay, none.notice?.text]).toEqual([undefined, "None of the matches would change"]);
});

test("the hint line shows only keys that have an effect now", () => {
  const actions = (state = jobs()) => hintsOf(state).map(({ action }) => action);
  expect(actions()).toContain("retry");
  expect(actions(press(jobs(), "down").state)).not.toContain("retry");
  expect(actions(press(jobs(), "down").state)).toContain("cancel");
  const readOnly = { ...jobs(), options: { ...jobs().options, readOnly: true } };
  expect(actions(readOnly)).not.toContain("retry");
  expect(press(readOnly, "t").state.notice?.text).toContain("read-only");
});

test("the cursor stays on its job while newer ones arrive above it", () => {
  const state = press(jobs(), "down", "down").state;
  const page = state.data.jobs?.value;
  const newer = { nextCursor: null, items: [{ ...page!.items[0]!, id: sampleId(99) }, ...page!.items] };
  const [next] = update(
    { ...state, data: { ...state.data, jobs: { ...state.data.jobs!, inFlight: true } } },
    { kind: "loaded", name: "jobs", key: state.data.jobs!.key, value: newer },
    NOW,
  );
  expect(next.lists.jobs.index).toBe(3);
  const followed = press(state, "g", "f").state;
  const [after] = update(
    followed,
    { kind: "loaded", name: "jobs", key: state.data.jobs!.key, value: newer },
    NOW,
  );
  expect(after.lists.jobs.index).toBe(0);
});

test("a new filter hides the old rows, and a reply to an older query is dropped", () => {
  const asked = press(jobs(), "/", "x", "enter").state;
  expect(rowIds(asked)).toEqual([]);
  const [next] = update(
    asked,
    { kind: "loaded", name: "jobs", key: "of another filter", value: { items: [], nextCursor: null } },
    NOW,
  );
  expect(next.data.jobs?.value).toBeUndefined();
});

test("a failed query is retried at growing intervals, and R retries at once", () => {
  let [state] = update(freshState(80, 24), { kind: "tick" }, NOW);
  const waits: number[] = [];
  let at = NOW;
  for (let n = 0; n < 6; n++) {
    [state] = update(
      state,
      { kind: "failed", name: "overview", key: state.data.overview!.key, failure: unreachable },
      at,
    );
    const failedAt = at;
    while (!state.data.overview!.inFlight) {
      at += 500;
      [state] = update(state, { kind: "tick" }, at);
    }
    waits.push(at - failedAt);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  [state] = update(
    state,
    { kind: "failed", name: "overview", key: state.data.overview!.key, failure: unreachable },
    at,
  );
  const [, effects] = update(state, { kind: "key", key: "R" }, at + 10);
  expect(effects).toMatchObject([{ kind: "load", name: "overview" }]);
});

test("a change on the stream reloads the screen, at most once per refresh", () => {
  const [changed, none] = update(liveState(80, 24), { kind: "changed" }, NOW + 100);
  expect(none).toEqual([]);
  const [, effects] = update(changed, { kind: "changed" }, NOW + 1_000);
  expect(effects.map((effect) => effect.kind === "load" && effect.name)).toEqual(["overview", "events"]);
});

test("only the overview is queried while no service answers", () => {
  const [asked] = update(freshState(80, 24), { kind: "tick" }, NOW);
  const [failed] = update(
    asked,
    { kind: "failed", name: "overview", key: asked.data.overview!.key, failure: unreachable },
    NOW,
  );
  expect(dueLoads({ ...failed, now: NOW + 20_000 }).map(({ name }) => name)).toEqual(["overview"]);
});

test("help scrolls by lines and pages, stops at its first line, and closes", () => {
  const scrollAfter = (...keys: string[]) => {
    const { overlay } = press(jobs(), "?", ...keys).state;
    return overlay?.kind === "help" ? overlay.scroll : undefined;
  };
  expect(scrollAfter("down", "j", "pgdn", " ", "up", "k", "pgup")).toBe(10);
  expect(scrollAfter("down", "pgup", "x")).toBe(0);
  expect(scrollAfter("esc")).toBeUndefined();
});

test("in the palette, arrows move, Tab completes and Esc closes", () => {
  expect(press(jobs(), ":", "down", "down", "up", "enter").state.places.at(-1)?.screen).toBe("jobs");
  expect(press(jobs(), ":", ..."sor", "enter").state.lists.jobs.sort).toBe(1);
  const completed = press(jobs(), ":", ..."dea", "tab").state;
  expect(completed.overlay).toMatchObject({ kind: "palette", text: "dead letters" });
  expect(press(jobs(), ":", ..."set", "enter").state.overlay).toMatchObject({ text: "set " });
  expect(press(jobs(), ":", "esc").state.overlay).toBeUndefined();
});

test("typing a filter shows its completions or its error", () => {
  const lastLine = (...keys: string[]) =>
    toText(render(press(jobs(), "/", ...keys).state))
      .split("\n")
      .at(-1);
  expect(lastLine(..."status:fa")).toContain("Tab: failed");
  expect(lastLine(..."status:nonsense")).toContain("nonsense");
  expect(lastLine()).toContain("/");
});

test("the palette runs commands, changes settings and finds ids", () => {
  expect(placeOf(press(jobs(), ":", ..."overview", "enter").state).screen).toBe("overview");
  const { state, effects } = press(jobs(), ":", ..."set theme mono", "enter");
  expect([state.settings.theme, effects]).toMatchObject(["mono", [{ kind: "save" }]]);
  expect(press(jobs(), ":", ..."set theme pink", "enter").state.notice?.text).toContain(
    "There is no theme pink",
  );
  expect(press(jobs(), ":", ..."0dfc0001", "enter").state.lists.jobs.filter).toBe("0dfc0001");
});

test("a form submits its values, and after a refusal stays open with the reason", () => {
  const filled = press(liveState(80, 24, { screen: "jobs" }), "N", "G").state;
  expect(filled.form?.fields[0]?.value).toBe("hash");
  const { state, effects } = press(filled, ...new Array(8).fill("down"), "enter");
  const request = { type: "hash", payload: { text: "observe", rounds: 1_000, algorithm: "sha256" } };
  expect(effects).toEqual([{ kind: "run", command: { kind: "submit", request, count: 1 } } as never]);
  const command = { kind: "submit", request, count: 1 } as const;
  const [refused] = update(
    state,
    { kind: "finished", command, outcome: { changed: 0, refused: 1, reason: "The broker is down" } },
    NOW,
  );
  expect([placeOf(refused).screen, refused.form?.refusal]).toEqual(["new-job", "The broker is down"]);
  const [accepted] = update(
    state,
    { kind: "finished", command, outcome: { changed: 1, refused: 0, jobId: sampleId(9) } },
    NOW,
  );
  expect(placeOf(accepted)).toEqual({ screen: "job", id: sampleId(9) });
});

test("o opens the trace if Jaeger is reachable, and otherwise explains why not", () => {
  const jaeger = { id: "jaeger", name: "Jaeger", url: "http://localhost:16686/", description: "Traces" };
  const place = { screen: "job", id: sampleId(1) } as const;
  const hints = (state: State) => hintsOf(state).map(({ action }) => action);

  const there = liveState(100, 30, place, { pages: [{ ...jaeger, state: "reachable" }] });
  expect(hints(there)).toContain("trace");
  const { traceId } = there.data.job?.value ?? {};
  expect(press(there, "o").effects).toEqual([
    { kind: "open", url: `http://localhost:16686/trace/${traceId}` } as never,
  ]);

  const reason = "only in the full system, under Compose";
  const absent = liveState(100, 30, place, { pages: [{ ...jaeger, state: "absent", reason }] });
  expect(hints(absent)).not.toContain("trace");
  const { state, effects } = press(absent, "o");
  expect([effects, state.notice?.text]).toEqual([[], `Jaeger is not available: ${reason}`]);
});

test("a retry's notice reports that no worker runs the type", () => {
  const command = { kind: "retry", ids: [sampleId(1)] } as const;
  const outcome = { changed: 1, refused: 0, note: "No worker runs greet" };
  const [state] = update(liveState(80, 24, { screen: "jobs" }), { kind: "finished", command, outcome }, NOW);
  expect(state.notice?.text).toBe("Retried 1 job. No worker runs greet");
});

test("the service counts all dead letters, or all with one cause, before a bulk replay or drop", () => {
  const letter = (id: number, detail: string): DeadLetter => ({
    id: sampleId(id),
    kind: "message",
    reason: "MALFORMED",
    detail,
    service: "processor",
    queue: "jobs.created",
    diedAt: new Date(NOW).toISOString(),
    body: "{",
    replays: 0,
  });
  const items = [letter(1, "Unexpected token at 17"), letter(2, "Unexpected token at 4")];
  const there = liveState(
    100,
    24,
    { screen: "dead-letters" },
    { deadLetters: { items, nextCursor: "more" } },
  );
  expect(press(there, "*", "t").effects).toEqual([
    { kind: "count", command: { kind: "replay-all", filter: {} } } as never,
  ]);
  const command = { kind: "drop-all", filter: { reason: "MALFORMED", text: "Unexpected token at" } } as const;
  const { state, effects } = press(there, "right", "*", "d");
  expect(effects).toEqual([{ kind: "count", command } as never]);
  expect(toText(render(state))).toContain("all that match reason:MALFORMED Unexpected token at");
  // When the chosen cause disappears, the mark on all its dead letters must not extend to other causes.
  const value = { items: [letter(3, "No header")], nextCursor: null };
  const { key } = state.data.deadLetters!;
  const [gone] = update(state, { kind: "loaded", name: "deadLetters", key, value }, NOW);
  expect(gone.lists["dead-letters"]).toMatchObject({ filter: "", all: false });
  const [counted] = update(state, { kind: "counted", command, matched: 4_061 }, NOW);
  expect(counted.overlay).toMatchObject({
    question: "Drop 4,061 matching dead letters? This cannot be undone.",
    effect: { kind: "run", command },
  });
});

test("a payload field's problem is not shown at the request field of the same name", () => {
  const payloadSchema = {
    type: "object",
    required: ["count"],
    properties: { count: { type: "integer", minimum: 1 } },
  };
  const type = { ...SAMPLE_TYPES[0]!, name: "fan-out", payloadSchema, example: { count: 0 } };
  const state = liveState(100, 24, { screen: "new-job" }, { jobTypes: [type] });
  const lines = toText(render(state)).split("\n");
  expect(lines.filter((line) => line.includes("must be >= 1"))).toHaveLength(1);
  expect(press(state, "down", "down", "down", "down", "down", "down", "enter").state.form?.focus).toBe(1);
});

test("a notice keeps clear of the hints and disappears at the next key press", () => {
  const said = press(jobs(), ":", ..."frob", "enter").state;
  const lastLine = (state: State) => toText(render(state)).split("\n").at(-1);
  for (const width of [60, 66, 72, 80, 100, 120])
    expect(lastLine({ ...said, width })).toMatch(/\S {3,}✕ There is no command frob$/);
  expect(lastLine(press(said, "down").state)).toBe(lastLine(press(jobs(), "down").state));
});
