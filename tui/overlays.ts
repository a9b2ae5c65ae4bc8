import { COMMAND_NAMES, matchNames } from "../shared/command-names.ts";
import { TABS } from "../shared/keymap.ts";
import { act, go, refilter } from "./act.ts";
import type { Effect } from "./effect.ts";
import { typed } from "./form.ts";
import { complete } from "./job-filter.ts";
import { type Action, KEYMAP, keymapOf } from "./keys.ts";
import { notice, type Step } from "./message.ts";
import { type Overlay, placeOf, type State } from "./model.ts";
import { changeSetting } from "./settings.ts";

/** Handles a key while an overlay is open. */
export function overlayKey(state: State, overlay: Overlay, key: string): Step {
  switch (overlay.kind) {
    case "help":
      return helpKey(state, overlay.scroll, key);
    case "filter":
      return filterKey(state, overlay, key);
    case "confirm":
      return confirmKey(state, overlay, key);
    case "palette":
      return paletteKey(state, overlay, key);
  }
}

const closed = (state: State): State => ({ ...state, overlay: undefined });

function helpKey(state: State, scroll: number, key: string): Step {
  if (key === "esc" || key === "?" || key === "q" || key === "enter") return [closed(state), []];
  const by =
    key === "down" || key === "j"
      ? 1
      : key === "up" || key === "k"
        ? -1
        : key === "pgdn" || key === " "
          ? 10
          : key === "pgup"
            ? -10
            : 0;
  return [
    { ...state, overlay: { kind: "help", scroll: Math.max(0, Math.min(KEYMAP.length, scroll + by)) } },
    [],
  ];
}

/** Edits the filter. Enter applies the text; Esc keeps the previous filter. */
function filterKey(state: State, overlay: Extract<Overlay, { kind: "filter" }>, key: string): Step {
  const name = placeOf(state).screen === "events" ? "events" : "jobs";
  if (key === "enter") return [closed(refilter(state, name, overlay.text.trim())), []];
  if (key === "esc") return [closed(refilter(state, name, overlay.before)), []];
  const types = (state.data.jobTypes?.value ?? []).map((type) => type.name);
  const text =
    key === "tab" ? complete(overlay.text, types) : typed(overlay.text, overlay.text.length, key)?.value;
  return text === undefined ? [state, []] : [{ ...state, overlay: { ...overlay, text } }, []];
}

function confirmKey(state: State, { effect }: Extract<Overlay, { kind: "confirm" }>, key: string): Step {
  if (key === "y" || key === "Y" || key === "enter") return [begun(closed(state), effect), [effect]];
  return key === "n" || key === "N" || key === "esc" || key === "q" ? [closed(state), []] : [state, []];
}

/** Shows a launch as soon as it is confirmed, before its command prints anything. */
function begun(state: State, effect: Effect): State {
  if (effect.kind !== "launch") return state;
  const { doing, tier } = effect;
  return { ...state, launch: { doing, tier, startedAt: state.now, lines: [] } };
}

export interface PaletteEntry {
  readonly name: string;
  readonly help: string;
  readonly action: Action | "set";
}

/** Returns the palette entries whose names contain the letters of `text` in order, best match first. */
export function paletteEntries(state: State, text: string): PaletteEntry[] {
  const { screen } = placeOf(state);
  const tabs = TABS.map(
    ({ title }, index): PaletteEntry => ({
      name: title === "Dead" ? "dead letters" : title.toLowerCase(),
      help: `Go to the screen (${index + 1})`,
      action: `tab-${index + 1}` as Action,
    }),
  );
  const verbs = keymapOf(state)
    .filter(
      ({ action, screens, changes }) =>
        COMMAND_NAMES[action] &&
        (!screens || screens.includes(screen)) &&
        !(changes && state.options.readOnly),
    )
    .map(
      ({ action, help, shown }): PaletteEntry => ({
        name: COMMAND_NAMES[action] ?? action,
        help: `${help} (${shown})`,
        action,
      }),
    );
  const set: PaletteEntry = {
    name: "set",
    help: "set theme mono, set refresh 2000, set filter status:failed",
    action: "set",
  };
  const wanted = text.toLowerCase().trim();
  return matchNames([...tabs, ...verbs, set], wanted.startsWith("set ") ? "set" : wanted);
}

function paletteKey(state: State, overlay: Extract<Overlay, { kind: "palette" }>, key: string): Step {
  const { text, index } = overlay;
  const entries = paletteEntries(state, text);
  if (key === "esc" || (key === "backspace" && text === "")) return [closed(state), []];
  if (key === "up" || key === "down") {
    const moved = Math.max(0, Math.min(entries.length - 1, index + (key === "up" ? -1 : 1)));
    return [{ ...state, overlay: { ...overlay, index: moved } }, []];
  }
  if (key === "enter") return run(closed(state), text.trim(), entries[index]);
  const next = key === "tab" ? (entries[index]?.name ?? text) : typed(text, text.length, key)?.value;
  return next === undefined
    ? [state, []]
    : [{ ...state, overlay: { kind: "palette", text: next, index: 0 } }, []];
}

function run(state: State, text: string, entry: PaletteEntry | undefined): Step {
  const [, name, value] = /^set\s+(\S+)\s*(.*)$/.exec(text) ?? [];
  if (name) {
    const settings = changeSetting(state.settings, name, value ?? "");
    if (typeof settings === "string") return notice(state, settings, "bad");
    return [{ ...state, settings }, [{ kind: "save", settings }]];
  }
  if (entry && entry.action !== "set") return act(state, entry.action);
  if (entry) return [{ ...state, overlay: { kind: "palette", text: "set ", index: 0 } }, []];
  // If the text looks like an id or part of one, search the jobs for it.
  if (/^[0-9a-f-]{4,36}$/i.test(text)) return [refilter(go(state, { screen: "jobs" }), "jobs", text), []];
  return notice(state, `There is no command ${text}`, "bad");
}
