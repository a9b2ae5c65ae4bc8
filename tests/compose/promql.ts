const TOKEN =
  /(?<space>\s+|#[^\n]*)|(?<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|(?<name>[a-zA-Z_:][\w:]*)|(?<number>\d[\w.]*)|(?<other>.)/gs;

/** Keywords that may be followed by a list of labels in parentheses. */
const BEFORE_LABELS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const OTHER_WORDS = new Set(["and", "or", "unless", "atan2", "bool", "offset", "start", "end", "inf", "nan"]);

/**
 * Returns the distinct series that a PromQL expression reads, as selectors without ranges. An alert's expression
 * returns nothing while all is well, but the series that it reads must exist even then.
 */
export function selectorsOf(expression: string): string[] {
  const tokens = [...expression.matchAll(TOKEN)].filter((token) => token.groups?.space === undefined);
  const text = (at: number) => tokens[at]?.[0];
  const pastClosing = (at: number, closing: string) => {
    while (at < tokens.length && text(at) !== closing) at++;
    return at + 1;
  };
  const found = new Set<string>();
  for (let at = 0; at < tokens.length; ) {
    const word = tokens[at]?.groups?.name;
    if (word && BEFORE_LABELS.has(word.toLowerCase()))
      at = text(at + 1) === "(" ? pastClosing(at + 1, ")") : at + 1;
    else if (text(at) === "[") at = pastClosing(at, "]");
    else if (text(at) === "{" || (word && !isOtherWord(word, text(at + 1)))) {
      const matchersAt = word ? at + 1 : at;
      const end = text(matchersAt) === "{" ? pastClosing(matchersAt, "}") : at + 1;
      found.add(
        tokens
          .slice(at, end)
          .map(([token]) => token)
          .join(""),
      );
      at = end;
    } else at++;
  }
  return [...found];
}

/** Reports whether a word is a keyword, function or aggregation rather than a series; the next token decides. */
function isOtherWord(word: string, next: string | undefined): boolean {
  return OTHER_WORDS.has(word.toLowerCase()) || next === "(" || next === "by" || next === "without";
}
