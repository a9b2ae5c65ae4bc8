import type { ActiveKey } from "../shortcuts.ts";

const TERMINAL_HINTS = [
  ["Ctrl+Shift+C", "copy"],
  ["Ctrl+Shift+V", "paste"],
  ["Ctrl+Shift+Esc", "leave the terminal"],
] as const;

/**
 * Shows the keys that currently do something. `keys` is undefined in the terminal view, because the terminal receives
 * almost all keys.
 */
export function HintBar({ keys, help }: { keys: readonly ActiveKey[] | undefined; help: () => void }) {
  if (!keys)
    return (
      <footer class="hintbar">
        {TERMINAL_HINTS.map(([key, text]) => (
          <Hint shown={key} text={text} key={key} />
        ))}
        <span class="hint opt">Every other key goes to the terminal</span>
      </footer>
    );
  return (
    <footer class="hintbar">
      {keys
        .filter(({ action, hint }) => hint && action !== "help")
        .map(({ action, shown, label }) => (
          <Hint shown={shown} text={label} key={action} />
        ))}
      <button class="hint end" type="button" onClick={help}>
        <kbd>?</kbd>
        all keys
      </button>
    </footer>
  );
}

function Hint({ shown, text }: { shown: string; text: string }) {
  return (
    <span class="hint">
      <kbd>{shown}</kbd>
      {text}
    </span>
  );
}
