import { useState } from "preact/hooks";

interface NumberInputProps {
  readonly id: string;
  readonly value: unknown;
  readonly placeholder?: string | undefined;
  /**
   * Receives the number, or undefined for an empty field. Receives any other text unchanged, so that schema validation
   * rejects it.
   */
  readonly onChange: (value: unknown) => void;
}

/** A number field that keeps unfinished input such as `1.` and `-`. */
export function NumberInput({ value, onChange, ...attributes }: NumberInputProps) {
  const [text, setText] = useState(() => textOf(value));
  const shown = readNumber(text) === value ? text : textOf(value);
  return (
    <input
      {...attributes}
      type="text"
      inputMode="decimal"
      autocomplete="off"
      value={shown}
      onInput={({ currentTarget }) => {
        setText(currentTarget.value);
        onChange(readNumber(currentTarget.value));
      }}
    />
  );
}

function readNumber(text: string): unknown {
  if (text.trim() === "") return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

const textOf = (value: unknown) =>
  value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
