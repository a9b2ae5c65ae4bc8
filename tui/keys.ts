import { commandOf } from "./launch-state.ts";
import type { ScreenName, State } from "./model.ts";
import { isOffline, listNameOf, placeOf, TABS } from "./model.ts";
import { cancellable, isFrozen, retryable, rowIds, selected } from "./selection.ts";
import { tracePage } from "./trace-page.ts";

export type Action =
  | "up"
  | "down"
  | "page-up"
  | "page-down"
  | "top"
  | "bottom"
  | "next-screen"
  | "previous-screen"
  | "tab-1"
  | "tab-2"
  | "tab-3"
  | "tab-4"
  | "tab-5"
  | "tab-6"
  | "open"
  | "back"
  | "filter"
  | "palette"
  | "help"
  | "new-job"
  | "pages"
  | "refresh"
  | "quit"
  | "left"
  | "right"
  | "retry"
  | "cancel"
  | "edit"
  | "drop"
  | "replay"
  | "pause"
  | "freeze"
  | "follow"
  | "sort"
  | "mark"
  | "mark-all"
  | "copy"
  | "copy-json"
  | "trace"
  | "mouse"
  | "launcher"
  | "setup"
  | "shut-down";

export interface Binding {
  readonly action: Action;
  /** Names of keys as the screen reports them; letters differ by case. */
  readonly keys: readonly string[];
  /** How the keys are written for people. */
  readonly shown: string;
  readonly label: string | ((state: State) => string);
  /** One sentence for help and documents. */
  readonly help: string;
  /** Where it means something; everywhere when left out. */
  readonly screens?: readonly ScreenName[];
  /** Whether it would do something now; help shows it in any case. */
  readonly when?: (state: State) => boolean;
  /** Shown in the hint line, in the order of the table. */
  readonly hint?: true;
  /** Changes the system: read-only mode refuses it. */
  readonly changes?: true;
  /** About the machine that the program runs on: a session on a server has no such keys. */
  readonly isLocal?: true;
}

const LISTS: readonly ScreenName[] = [
  "launcher",
  "setup",
  "jobs",
  "events",
  "dead-letters",
  "queues",
  "alerts",
  "pages",
];
const DETAILS: readonly ScreenName[] = ["job", "event", "dead-letter"];
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

/**
 * Every key and what it does. Help, the hint line and docs/keys.md are made from this table. Ctrl+W, Ctrl+T and
 * Ctrl+N are not used: browsers keep them.
 */
export const KEYMAP: readonly Binding[] = [
  {
    action: "open",
    keys: ["enter"],
    shown: "↵",
    label: (state) => OPEN_LABELS[placeOf(state).screen] ?? "open",
    help: "Open what is selected",
    screens: ["overview", ...LISTS, "job"],
    when: (state) =>
      canOpen(state) || (state.data.overview?.value !== undefined && placeOf(state).screen === "overview"),
    hint: true,
  },
  {
    action: "retry",
    keys: ["t"],
    shown: "t",
    label: marked("retry"),
    help: "Retry the selected, the marked or all matching jobs",
    screens: ["jobs", "job"],
    when: retryable,
    hint: true,
    changes: true,
  },
  {
    action: "cancel",
    keys: ["x"],
    shown: "x",
    label: marked("cancel"),
    help: "Cancel the selected, the marked or all matching jobs",
    screens: ["jobs", "job"],
    when: cancellable,
    hint: true,
    changes: true,
  },
  {
    action: "replay",
    keys: ["t"],
    shown: "t",
    label: marked("replay"),
    help: "Replay the selected, the marked or all dead letters that match",
    screens: ["dead-letters", "dead-letter"],
    when: (state) => selected(state) !== undefined,
    hint: true,
    changes: true,
  },
  {
    action: "edit",
    keys: ["e"],
    shown: "e",
    label: "edit & resubmit",
    help: "Edit the payload and submit it as a new job",
    screens: ["jobs", "job", "dead-letters", "dead-letter"],
    when: (state) => selected(state)?.editable === true,
    hint: true,
    changes: true,
  },
  {
    action: "drop",
    keys: ["d"],
    shown: "d",
    label: marked("drop"),
    help: "Drop the selected, the marked or all dead letters that match",
    screens: ["dead-letters", "dead-letter"],
    when: (state) => selected(state) !== undefined,
    hint: true,
    changes: true,
  },
  {
    action: "pause",
    keys: ["p"],
    shown: "p",
    label: (state) => (paused(state) ? "resume" : "pause"),
    help: "Pause or resume the queue of a job type",
    screens: ["queues"],
    when: (state) => selected(state)?.paused !== undefined,
    hint: true,
    changes: true,
  },
  {
    action: "mark",
    keys: [" "],
    shown: "Space",
    label: "mark",
    help: "Mark or unmark the selected row",
    screens: ["jobs", "dead-letters"],
    when: hasRows,
    hint: true,
  },
  {
    action: "mark-all",
    keys: ["*"],
    shown: "*",
    label: (state) => (state.lists[listNameOf(state) ?? "jobs"].all ? "unmark" : "all"),
    help: "Mark everything that matches, or nothing",
    screens: ["jobs", "dead-letters"],
    when: hasRows,
    hint: true,
  },
  {
    action: "freeze",
    keys: ["z"],
    shown: "z",
    label: (state) => (isFrozen(state) ? "unfreeze" : "freeze"),
    help: "Freeze the list, or let it run on",
    screens: ["jobs", "events"],
    when: hasRows,
    hint: true,
  },
  {
    action: "follow",
    keys: ["f"],
    shown: "f",
    label: (state) => (state.lists[listNameOf(state) ?? "jobs"].follow ? "unfollow" : "follow"),
    help: "Keep the cursor on the newest row",
    screens: ["jobs", "events"],
    when: hasRows,
  },
  {
    action: "sort",
    keys: ["s"],
    shown: "s",
    label: "sort",
    help: "Sort by the next column",
    screens: ["jobs"],
    when: hasRows,
    hint: true,
  },
  {
    action: "filter",
    keys: ["/"],
    shown: "/",
    label: "filter",
    help: "Filter: words, status:failed, type:hash, payload.user:1; Tab completes",
    screens: ["overview", "jobs", "events"],
    when: (state) => state.data.overview?.value !== undefined,
    hint: true,
  },
  {
    action: "left",
    keys: ["left"],
    shown: "←",
    label: "status",
    help: "Previous status, cause or pane",
    screens: ["jobs", "dead-letters", ...DETAILS],
  },
  {
    action: "right",
    keys: ["right"],
    shown: "→",
    label: "status",
    help: "Next status, cause or pane",
    screens: ["jobs", "dead-letters", ...DETAILS],
  },
  {
    action: "next-screen",
    keys: ["tab"],
    shown: "Tab",
    label: (state) => (placeOf(state).screen === "job" ? "next pane" : "next screen"),
    help: "Next screen; next pane where one thing is shown",
    when: (state) => placeOf(state).screen === "job",
    hint: true,
  },
  {
    action: "previous-screen",
    keys: ["shift-tab"],
    shown: "⇧Tab",
    label: "previous screen",
    help: "Previous screen or pane",
  },
  {
    action: "copy",
    keys: ["c"],
    shown: "c",
    label: "copy id",
    help: "Copy the id, or the URL, to the clipboard (OSC 52)",
    screens: [...LISTS, ...DETAILS],
    when: (state) => selected(state) !== undefined,
    hint: true,
  },
  {
    action: "copy-json",
    keys: ["C"],
    shown: "C",
    label: "copy JSON",
    help: "Copy the whole thing as JSON (OSC 52)",
    screens: [...LISTS, ...DETAILS],
    when: (state) => selected(state) !== undefined,
  },
  {
    action: "trace",
    keys: ["o"],
    shown: "o",
    label: "trace",
    help: "Open the trace of the job in Jaeger, or say why there is none",
    screens: ["job"],
    when: (state) => tracePage(state).url !== undefined,
    hint: true,
  },
  {
    action: "setup",
    keys: ["S"],
    shown: "S",
    label: "setup",
    help: "What this machine has and lacks, and how to install it",
    screens: ["launcher"],
    isLocal: true,
    hint: true,
  },
  {
    action: "shut-down",
    keys: ["ctrl-q"],
    shown: "Ctrl+Q",
    label: "stop the system",
    help: "Stop the system of this folder, after a question",
    when: (state) => placeOf(state).screen === "launcher",
    isLocal: true,
    hint: true,
  },
  {
    action: "palette",
    keys: [":"],
    shown: ":",
    label: "command",
    help: "Find a screen, a job or a command by its name",
    hint: true,
  },
  {
    action: "new-job",
    keys: ["n", "N"],
    shown: "N",
    label: "new job",
    help: "Submit a new job",
    when: (state) => !isOffline(state),
    hint: true,
    changes: true,
  },
  {
    action: "pages",
    keys: ["u", "U"],
    shown: "U",
    label: "pages",
    help: "Web pages of this system, and how to reach them",
    hint: true,
  },
  {
    action: "launcher",
    keys: ["l", "L"],
    shown: "L",
    label: "launch",
    help: "Start or stop the system",
    when: (state) => placeOf(state).screen !== "launcher",
    isLocal: true,
    hint: true,
  },
  {
    action: "refresh",
    keys: ["r", "R"],
    shown: "R",
    label: (state) => (isOffline(state) ? "retry now" : "refresh"),
    help: "Query everything on this screen again",
    hint: true,
  },
  {
    action: "back",
    keys: ["esc", "backspace"],
    shown: "Esc",
    label: "back",
    help: "Back to where you were; never quits",
    when: (state) => state.places.length > 1 || hasSomethingToLeave(state),
    hint: true,
  },
  {
    action: "help",
    keys: ["?"],
    shown: "?",
    label: "help",
    help: "The keys of this screen, then all others",
    hint: true,
  },
  {
    action: "quit",
    keys: ["q", "Q", "ctrl-c"],
    shown: "Q",
    label: "quit",
    help: "Leave; Ctrl-C does so from anywhere",
    hint: true,
  },
  { action: "up", keys: ["up", "k"], shown: "↑ k", label: "up", help: "Up" },
  { action: "down", keys: ["down", "j"], shown: "↓ j", label: "down", help: "Down" },
  { action: "page-up", keys: ["pgup"], shown: "PgUp", label: "page up", help: "A page up" },
  { action: "page-down", keys: ["pgdn"], shown: "PgDn", label: "page down", help: "A page down" },
  { action: "top", keys: ["g", "home"], shown: "g Home", label: "top", help: "To the first row" },
  { action: "bottom", keys: ["G", "end"], shown: "G End", label: "bottom", help: "To the last row" },
  ...TABS.map(
    ({ title }, index): Binding => ({
      action: `tab-${index + 1}` as Action,
      keys: [String(index + 1)],
      shown: String(index + 1),
      label: title,
      help: `The screen ${title}`,
    }),
  ),
  {
    action: "mouse",
    keys: ["m"],
    shown: "m",
    label: "mouse",
    help: "Turn the mouse on or off: a click selects a row or a screen, the wheel scrolls; off by default, so that the terminal can select text",
  },
];

function hasSomethingToLeave(state: State): boolean {
  const name = listNameOf(state);
  const list = name && state.lists[name];
  return list !== undefined && (list.filter !== "" || list.marks.size > 0 || list.all);
}

/** The keys that this session has. */
export function keymapOf({ options }: State): readonly Binding[] {
  return options.serverMode ? KEYMAP.filter(({ isLocal }) => !isLocal) : KEYMAP;
}

/** The binding of a key on the current screen. */
export function bindingOf(state: State, key: string): Binding | undefined {
  const { screen } = placeOf(state);
  return keymapOf(state).find(
    ({ keys, screens }) => keys.includes(key) && (!screens || screens.includes(screen)),
  );
}

/** The bindings that the hint line shows: those that would do something now. */
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
