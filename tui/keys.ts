import { type Action, KEYS, type Key } from "../shared/keymap.ts";
import { commandOf } from "./launch-state.ts";
import type { ScreenName, State } from "./model.ts";
import { isOffline, listNameOf, placeOf } from "./model.ts";
import { cancellable, isFrozen, retryable, rowIds, selected } from "./selection.ts";
import { tracePage } from "./trace-page.ts";

export type { Action } from "../shared/keymap.ts";

/** A key binding whose label and effect may depend on the state. */
export interface Binding extends Omit<Key, "label"> {
  readonly label: string | ((state: State) => string);
  /** Whether the key has an effect now. Help lists the key either way. */
  readonly when?: (state: State) => boolean;
}

const canOpen = (state: State) => {
  const check =
    placeOf(state).screen === "setup" ? state.data.checks?.value?.[state.lists.setup.index] : undefined;
  return check ? commandOf(check) !== undefined : hasRows(state);
};
const OPEN_LABELS: Partial<Record<ScreenName, string>> = { launcher: "start", setup: "install" };
const hasRows = (state: State) => rowIds(state).length > 0;
const marked = (verb: string) => (state: State) => {
  const name = listNameOf(state);
  const list = name && state.lists[name];
  if (list?.all) return `${verb} all`;
  return list && list.marks.size > 0 ? `${verb} ${list.marks.size}` : verb;
};
const paused = (state: State) => selected(state)?.paused === true;

const LIVE: Partial<Record<Action, Partial<Pick<Binding, "label" | "when">>>> = {
  open: {
    label: (state) => OPEN_LABELS[placeOf(state).screen] ?? "open",
    when: (state) =>
      canOpen(state) || (state.data.overview?.value !== undefined && placeOf(state).screen === "overview"),
  },
  retry: { label: marked("retry"), when: retryable },
  cancel: { label: marked("cancel"), when: cancellable },
  replay: { label: marked("replay"), when: (state) => selected(state) !== undefined },
  edit: { when: (state) => selected(state)?.editable === true },
  drop: { label: marked("drop"), when: (state) => selected(state) !== undefined },
  pause: {
    label: (state) => (paused(state) ? "resume" : "pause"),
    when: (state) => selected(state)?.paused !== undefined,
  },
  mark: { when: hasRows },
  "mark-all": {
    label: (state) => (state.lists[listNameOf(state) ?? "jobs"].all ? "unmark" : "all"),
    when: hasRows,
  },
  freeze: { label: (state) => (isFrozen(state) ? "unfreeze" : "freeze"), when: hasRows },
  follow: {
    label: (state) => (state.lists[listNameOf(state) ?? "jobs"].follow ? "unfollow" : "follow"),
    when: hasRows,
  },
  sort: { when: hasRows },
  filter: { when: (state) => state.data.overview?.value !== undefined },
  "next-screen": {
    label: (state) => (placeOf(state).screen === "job" ? "next pane" : "next screen"),
    when: (state) => placeOf(state).screen === "job",
  },
  copy: { when: (state) => selected(state) !== undefined },
  "copy-json": { when: (state) => selected(state) !== undefined },
  trace: { when: (state) => tracePage(state).url !== undefined },
  "shut-down": { when: (state) => placeOf(state).screen === "launcher" },
  "new-job": { when: (state) => !isOffline(state) },
  launcher: { when: (state) => placeOf(state).screen !== "launcher" },
  refresh: { label: (state) => (isOffline(state) ? "retry now" : "refresh") },
  back: { when: (state) => state.places.length > 1 || hasSomethingToLeave(state) },
};

/** The keys of `shared/keymap.ts`, with the labels and conditions of the terminal UI. */
export const KEYMAP: readonly Binding[] = KEYS.map((key) => ({ ...key, ...LIVE[key.action] }));

function hasSomethingToLeave(state: State): boolean {
  const name = listNameOf(state);
  const list = name && state.lists[name];
  return list !== undefined && (list.filter !== "" || list.marks.size > 0 || list.all);
}

/** Returns the bindings available in this session. */
export function keymapOf({ options }: State): readonly Binding[] {
  return options.serverMode ? KEYMAP.filter(({ isLocal }) => !isLocal) : KEYMAP;
}

/** Returns a key's binding on the current screen. */
export function bindingOf(state: State, key: string): Binding | undefined {
  const { screen } = placeOf(state);
  return keymapOf(state).find(
    ({ keys, screens }) => keys.includes(key) && (!screens || screens.includes(screen)),
  );
}

/** Returns the bindings for the hint line, which lists only keys that have an effect now. */
export function hintsOf(state: State): Binding[] {
  const { screen } = placeOf(state);
  return keymapOf(state).filter(
    ({ hint, screens, when, changes }) =>
      hint &&
      (!screens || screens.includes(screen)) &&
      (when?.(state) ?? true) &&
      !(changes && state.options.readOnly),
  );
}

export const labelOf = ({ label }: Binding, state: State) =>
  typeof label === "string" ? label : label(state);
