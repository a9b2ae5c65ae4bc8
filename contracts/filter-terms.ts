/** One term of a filter: `key:value`, or a bare word. `exact` means that the whole value was quoted. */
export interface FilterTerm {
  readonly key: string | undefined;
  readonly value: string;
  readonly exact: boolean;
  /** The term's position in the text; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
}

/**
 * Splits one line into terms at whitespace. In double quotes, whitespace and colons are plain text, and `\` escapes the
 * next character. An unclosed quote extends to the end of the text, so a half-typed line can be read.
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

/** Quotes a value if it would otherwise be split or misread. */
export function quoted(value: string): string {
  return value === "" || /[\s":\\,]/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;
}
