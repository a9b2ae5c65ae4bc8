import type { Action } from "./keymap.ts";

/**
 * Names of the actions that can be run from the `:` prompt. Movement within a screen has no name, because pressing its
 * key is quicker.
 */
export const COMMAND_NAMES: Partial<Record<Action, string>> = {
  "new-job": "new job",
  pages: "pages",
  help: "help",
  refresh: "refresh",
  quit: "quit",
  filter: "filter",
  sort: "sort",
  mouse: "mouse",
  trace: "trace",
  retry: "retry",
  cancel: "cancel",
  edit: "edit",
  drop: "drop",
  replay: "replay",
  pause: "pause or resume",
  freeze: "freeze",
  follow: "follow",
  copy: "copy",
  launcher: "launcher",
  setup: "setup",
  "shut-down": "shut down",
};

/** Returns the entries whose names contain a text's letters in order, best match first. */
export function matchNames<E extends { readonly name: string }>(entries: readonly E[], text: string): E[] {
  return entries
    .map((entry) => ({ entry, score: gapsIn(entry.name, text) }))
    .filter(({ score }) => score >= 0)
    .sort((a, b) => a.score - b.score)
    .map(({ entry }) => entry);
}

/**
 * Returns how many letters of `name` lie before and between those of `text`: 0 for a prefix, -1 if `name` does not
 * contain the letters in order.
 */
function gapsIn(name: string, text: string): number {
  let at = -1;
  let gaps = 0;
  for (const letter of text) {
    const found = name.indexOf(letter, at + 1);
    if (found < 0) return -1;
    gaps += found - at - 1;
    at = found;
  }
  return gaps;
}
