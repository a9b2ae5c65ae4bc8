import { useState } from "preact/hooks";

const KEYS: readonly { label: string; name?: string; text: string }[] = [
  { label: "Esc", text: "\x1b" },
  { label: "Tab", text: "\t" },
  { label: "↑", name: "Up", text: "\x1b[A" },
  { label: "↓", name: "Down", text: "\x1b[B" },
  { label: "←", name: "Left", text: "\x1b[D" },
  { label: "→", name: "Right", text: "\x1b[C" },
  { label: "↵", name: "Enter", text: "\r" },
  { label: "/", text: "/" },
  { label: ":", text: ":" },
  { label: "?", text: "?" },
];

/** Offers keys that a touch keyboard lacks. Ctrl applies to the next key pressed on this bar. */
export function KeyBar({ onKey }: { onKey: (text: string) => void }) {
  const [isControl, setControl] = useState(false);
  const press = (text: string) => {
    const code = text.toUpperCase().charCodeAt(0);
    onKey(isControl && code >= 64 && code < 96 ? String.fromCharCode(code - 64) : text);
    setControl(false);
  };
  return (
    <div class="keybar" role="toolbar" aria-label="Keys">
      <button type="button" aria-pressed={isControl} onClick={() => setControl(!isControl)}>
        Ctrl
      </button>
      {isControl && (
        <button type="button" onClick={() => press("c")}>
          C
        </button>
      )}
      {KEYS.map(({ label, name, text }) => (
        <button type="button" aria-label={name ?? label} onClick={() => press(text)}>
          {label}
        </button>
      ))}
    </div>
  );
}
