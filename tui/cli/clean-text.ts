import { sanitize } from "../text.ts";

/** C0 and C1 controls, DEL, and marks that reorder or hide text: bidi controls, zero-width space, separators, BOM. */
const UNSAFE = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/** Makes untrusted multi-line text safe to print in a terminal. Line breaks stay. */
export function cleanLines(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map(sanitize)
    .join("\n");
}

/**
 * Formats JSON, escaping every character that could move the cursor or hide text. The result parses to the same value.
 */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, (character) =>
    character === "\n" && indent ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
