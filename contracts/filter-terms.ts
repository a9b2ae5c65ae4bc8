/** One term of a filter: `key:value`, or a bare word. `exact`: the value was quoted as a whole. */
export interface FilterTerm {
  readonly key: string | undefined;
  readonly value: string;
  readonly exact: boolean;
  /** Where the term stands in its text; its end is the place after its last character. */
  readonly start: number;
  readonly end: number;
  /** Where its value begins. */
  readonly valueStart: number;
}

/**
 * Splits one line into terms at blanks. In double quotes blanks and colons are plain text, and `\` keeps the next
 * character as it is. A quote that is never closed reaches to the end, so that a half-typed line can be read.
 */
export function termsOf(text: string): FilterTerm[] {
  const terms: FilterTerm[] = [];
  for (let at = 0; at < text.length; ) {
    if (/\s/.test(text[at]!)) at++;
    else {
      const term = termAt(text, at);
      terms.push(term);
      at = term.end;
    }
  }
  return terms;
}

function termAt(text: string, start: number): FilterTerm {
  let key: string | undefined;
  let valueStart = start;
  let value = "";
  let quotes = 0;
  let unquoted = 0;
  let inQuotes = false;
  let at = start;
  for (; at < text.length; at++) {
    const char = text[at]!;
    if (inQuotes && char === "\\" && at + 1 < text.length) value += text[++at];
    else if (char === '"') {
      inQuotes = !inQuotes;
      quotes++;
    } else if (!inQuotes && /\s/.test(char)) break;
    else if (
      !inQuotes &&
      char === ":" &&
      key === undefined &&
      value !== "" &&
      !(quotes > 0 && unquoted === 0)
    ) {
      key = value;
      value = "";
      quotes = 0;
      unquoted = 0;
      valueStart = at + 1;
    } else {
      value += char;
      if (!inQuotes) unquoted++;
    }
  }
  return { key, value, exact: quotes > 0 && unquoted === 0, start, end: at, valueStart };
}

/** A value as it has to be typed: quoted where it would otherwise be split or read as something else. */
export function quoted(value: string): string {
  return value === "" || /[\s":\\,]/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;
}
