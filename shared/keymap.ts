/** The terminal UI's screens. The page has views for most of them. */
export const SCREENS = [
  "overview",
  "jobs",
  "events",
  "dead-letters",
  "queues",
  "alerts",
  "pages",
  "job",
  "event",
  "dead-letter",
  "new-job",
  "launcher",
  "setup",
] as const;
export type ScreenName = (typeof SCREENS)[number];

/** The screens that the digit keys open, in the order of the digits. */
export const TABS = [
  { screen: "overview", title: "Overview" },
  { screen: "jobs", title: "Jobs" },
  { screen: "events", title: "Events" },
  { screen: "dead-letters", title: "Dead" },
  { screen: "queues", title: "Queues" },
  { screen: "alerts", title: "Alerts" },
] as const satisfies readonly { screen: ScreenName; title: string }[];

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

export interface Key {
  readonly action: Action;
  /** Key names as the terminal reports them; upper-case and lower-case letters are different keys. */
  readonly keys: readonly string[];
  /** The keys as the interface shows them. */
  readonly shown: string;
  readonly label: string;
  /** A sentence for the help screen and the documents. */
  readonly help: string;
  /** The screens on which the key works; by default, all of them. */
  readonly screens?: readonly ScreenName[];
  /** Whether the hint line shows the key. Hints appear in the order of this table. */
  readonly hint?: true;
  /** Whether the action changes the system, so read-only mode refuses it. */
  readonly changes?: true;
  /** Whether the action concerns the machine that runs the program. A browser session does not offer it. */
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

/**
 * Every key and its action, in the terminal UI and on the page. Help, hint lines and docs/keys.md are generated from
 * this table. Ctrl+W, Ctrl+T and Ctrl+N are not used, because browsers reserve them.
 */
export const KEYS: readonly Key[] = [
  {
    action: "open",
    keys: ["enter"],
    shown: "↵",
    label: "open",
    help: "Open the selection",
    screens: ["overview", ...LISTS, "job"],
    hint: true,
  },
  {
    action: "retry",
    keys: ["t"],
    shown: "t",
    label: "retry",
    help: "Retry the selected, marked or all matching jobs",
    screens: ["jobs", "job"],
    hint: true,
    changes: true,
  },
  {
    action: "cancel",
    keys: ["x"],
    shown: "x",
    label: "cancel",
    help: "Cancel the selected, marked or all matching jobs",
    screens: ["jobs", "job"],
    hint: true,
    changes: true,
  },
  {
    action: "replay",
    keys: ["t"],
    shown: "t",
    label: "replay",
    help: "Replay the selected, marked or all matching dead letters",
    screens: ["dead-letters", "dead-letter"],
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
    hint: true,
    changes: true,
  },
  {
    action: "drop",
    keys: ["d"],
    shown: "d",
    label: "drop",
    help: "Drop the selected, marked or all matching dead letters",
    screens: ["dead-letters", "dead-letter"],
    hint: true,
    changes: true,
  },
  {
    action: "pause",
    keys: ["p"],
    shown: "p",
    label: "pause",
    help: "Pause or resume the queue of a job type",
    screens: ["queues"],
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
    hint: true,
  },
  {
    action: "mark-all",
    keys: ["*"],
    shown: "*",
    label: "all",
    help: "Mark or unmark everything that matches",
    screens: ["jobs", "dead-letters"],
    hint: true,
  },
  {
    action: "freeze",
    keys: ["z"],
    shown: "z",
    label: "freeze",
    help: "Freeze or unfreeze the list",
    screens: ["jobs", "events"],
    hint: true,
  },
  {
    action: "follow",
    keys: ["f"],
    shown: "f",
    label: "follow",
    help: "Keep the cursor on the newest row",
    screens: ["jobs", "events"],
  },
  {
    action: "sort",
    keys: ["s"],
    shown: "s",
    label: "sort",
    help: "Sort by the next column",
    screens: ["jobs"],
    hint: true,
  },
  {
    action: "filter",
    keys: ["/"],
    shown: "/",
    label: "filter",
    help: "Filter: words, status:failed, type:hash, payload.user:1; Tab completes",
    screens: ["overview", "jobs", "events"],
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
    label: "next screen",
    help: "Next screen, or next pane on a detail screen",
    hint: true,
  },
  {
    action: "previous-screen",
    keys: ["shift-tab"],
    shown: "⇧Tab",
    label: "previous screen",
    help: "Previous screen, or previous pane on a detail screen",
  },
  {
    action: "copy",
    keys: ["c"],
    shown: "c",
    label: "copy id",
    help: "Copy the id or URL to the clipboard (OSC 52)",
    screens: [...LISTS, ...DETAILS],
    hint: true,
  },
  {
    action: "copy-json",
    keys: ["C"],
    shown: "C",
    label: "copy JSON",
    help: "Copy the whole item as JSON (OSC 52)",
    screens: [...LISTS, ...DETAILS],
  },
  {
    action: "trace",
    keys: ["o"],
    shown: "o",
    label: "trace",
    help: "Open the job's trace in Jaeger, or show why there is none",
    screens: ["job"],
    hint: true,
  },
  {
    action: "setup",
    keys: ["S"],
    shown: "S",
    label: "setup",
    help: "Show what this machine lacks, and how to install it",
    screens: ["launcher"],
    hint: true,
    isLocal: true,
  },
  {
    action: "shut-down",
    keys: ["ctrl-q"],
    shown: "Ctrl+Q",
    label: "stop the system",
    help: "Stop this folder's system, after a confirmation",
    hint: true,
    isLocal: true,
  },
  {
    action: "palette",
    keys: [":"],
    shown: ":",
    label: "command",
    help: "Find a screen, job or command by name",
    hint: true,
  },
  {
    action: "new-job",
    keys: ["n", "N"],
    shown: "N",
    label: "new job",
    help: "Submit a new job",
    hint: true,
    changes: true,
  },
  {
    action: "pages",
    keys: ["u", "U"],
    shown: "U",
    label: "pages",
    help: "Show the system's web pages and whether they answer",
    hint: true,
  },
  {
    action: "launcher",
    keys: ["l", "L"],
    shown: "L",
    label: "launch",
    help: "Start or stop the system",
    hint: true,
    isLocal: true,
  },
  {
    action: "refresh",
    keys: ["r", "R"],
    shown: "R",
    label: "refresh",
    help: "Reload everything on this screen",
    hint: true,
  },
  {
    action: "back",
    keys: ["esc", "backspace"],
    shown: "Esc",
    label: "back",
    help: "Go back one step; never quits",
    hint: true,
  },
  {
    action: "help",
    keys: ["?"],
    shown: "?",
    label: "help",
    help: "Show the keys of this screen, then all others",
    hint: true,
  },
  {
    action: "quit",
    keys: ["q", "Q", "ctrl-c"],
    shown: "Q",
    label: "quit",
    help: "Quit; Ctrl-C quits from anywhere",
    hint: true,
  },
  { action: "up", keys: ["up", "k"], shown: "↑ k", label: "up", help: "Up" },
  { action: "down", keys: ["down", "j"], shown: "↓ j", label: "down", help: "Down" },
  { action: "page-up", keys: ["pgup"], shown: "PgUp", label: "page up", help: "Page up" },
  { action: "page-down", keys: ["pgdn"], shown: "PgDn", label: "page down", help: "Page down" },
  { action: "top", keys: ["g", "home"], shown: "g Home", label: "top", help: "First row" },
  { action: "bottom", keys: ["G", "end"], shown: "G End", label: "bottom", help: "Last row" },
  ...TABS.map(tabKey),
  {
    action: "mouse",
    keys: ["m"],
    shown: "m",
    label: "mouse",
    help: "Turn the mouse on or off: a click selects a row or a screen, the wheel scrolls; off by default, so the terminal can select text",
  },
];

function tabKey({ title }: { title: string }, index: number): Key {
  const digit = String(index + 1);
  return {
    action: `tab-${digit}` as Action,
    keys: [digit],
    shown: digit,
    label: title,
    help: `${title} screen`,
  };
}
