import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Action, KEYS, type Key, type ScreenName } from "../../shared/keymap.ts";
import type { Route } from "./route.ts";

export interface Shortcut {
  readonly run: () => void;
  /** Describes what the key does now, such as `retry 2`, if that is more specific than the keymap's label. */
  readonly label?: string;
}
type PageAction = Action | "terminal";
type PageKey = Omit<Key, "action"> & { readonly action: PageAction };

/** What each keymap action does on a view. An action that currently does nothing is undefined. */
export type Shortcuts = Partial<Record<PageAction, Shortcut | undefined>>;

/** A key that currently does something. */
export interface ActiveKey extends PageKey {
  readonly run: () => void;
}

/** The terminal UI's keymap, plus the key that opens the terminal. */
const PAGE_KEYS: readonly PageKey[] = [
  ...KEYS,
  { action: "terminal", keys: ["`"], shown: "`", label: "terminal", help: "The terminal", hint: true },
];

const OFF = "observatory-no-letters";

/**
 * The registered actions, newest last. The newest take precedence: a dialog overrides its view, and a view overrides the
 * actions available everywhere.
 */
const registered: { current: Shortcuts }[] = [];
const listeners = new Set<() => void>();
const changed = () => {
  for (const listener of listeners) listener();
};

/** Makes actions available while the component is mounted. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const entry = useRef(shortcuts);
  entry.current = shortcuts;
  const summary = Object.entries(shortcuts)
    .map(([action, shortcut]) => shortcut && `${action} ${shortcut.label ?? ""}`)
    .join("\n");
  // A layout effect runs before the browser paints, so actions work as soon as their view is visible.
  useLayoutEffect(() => {
    registered.push(entry);
    return () => {
      registered.splice(registered.indexOf(entry), 1);
      changed();
    };
  }, []);
  useLayoutEffect(changed, [summary]);
}

/** Returns the terminal UI screen whose keys a view shares. */
export function screenOf({ view }: Route): ScreenName | undefined {
  if (view === "new") return "new-job";
  if (view === "terminal" || view === "watch" || view === "missing") return undefined;
  return view === "ledger" ? "overview" : view;
}

/** Returns the keys that currently do something, in keymap order. */
export function activeKeys(screen: ScreenName | undefined): ActiveKey[] {
  return PAGE_KEYS.flatMap((key) => {
    if (key.screens && !(screen && key.screens.includes(screen))) return [];
    const shortcut = registered.findLast(({ current }) => current[key.action])?.current[key.action];
    return shortcut ? [{ ...key, run: shortcut.run, label: shortcut.label ?? key.label }] : [];
  });
}

/** Returns the active keys. Rerenders the component when they change. */
export function useActiveKeys(screen: ScreenName | undefined): ActiveKey[] {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((count) => count + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return activeKeys(screen);
}

const NAMES: Readonly<Record<string, string>> = {
  Enter: "enter",
  Escape: "esc",
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  PageUp: "pgup",
  PageDown: "pgdn",
  Home: "home",
  End: "end",
};

/** Runs the action of a key pressed outside input fields. In an input field, `Esc` leaves the field. */
export function useKeyboard(screen: ScreenName | undefined): void {
  useLayoutEffect(() => {
    if (!screen) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const key = NAMES[event.key] ?? event.key;
      if (event.target instanceof HTMLElement && isBusy(event.target, key)) return;
      if (key.length === 1 && !lettersWork()) return;
      const found = activeKeys(screen).find(({ keys }) => keys.includes(key));
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [screen]);
}

/** Returns whether the focused element handles the key itself. */
function isBusy(target: HTMLElement, key: string): boolean {
  if (target.closest("dialog")) return true;
  if (target.matches("input:not([type='checkbox']), textarea, select")) {
    if (key === "esc") target.blur();
    return true;
  }
  return key === "enter"
    ? target.matches("a, button, summary")
    : key === " " && target.matches("button, input, summary");
}

/**
 * Returns whether single-character keys work. Users of speech input can switch them off, because speech can trigger them.
 */
export const lettersWork = () => localStorage.getItem(OFF) === null;

export function setLettersWork(work: boolean): void {
  if (work) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "off");
}
