/**
 * Matches ECMA-48 escape sequences: CSI sequences, OSC and other control strings with their terminators, and all other
 * sequences.
 */
const ESCAPES = new RegExp(
  [
    "(?:\\x1b\\[|\\x9b)[0-?]*[ -/]*[@-~]",
    "(?:\\x1b[\\]PX^_]|[\\x9d\\x90\\x98\\x9e\\x9f])[^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c)?",
    "\\x1b[ -/]*[0-~]?",
  ].join("|"),
  "g",
);
const SPACES = /[\t\n\r\v\f\u0085\u00a0\u2028\u2029]+/g;
const PRINTABLE_ASCII = /^[ -~]*$/;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Makes untrusted text safe for the screen: removes escape sequences and control, direction and zero-width characters,
 * and joins all lines. Reduces each grapheme to its first code point, because a screen cell holds only one.
 */
export function sanitize(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  const plain = text.replace(ESCAPES, "").replace(SPACES, " ").normalize("NFC");
  let out = "";
  for (const { segment } of graphemes.segment(plain)) {
    const point = String.fromCodePoint(segment.codePointAt(0) ?? 0x20);
    out += Bun.stringWidth(point) > 0 ? point : "";
  }
  return out;
}

/** Returns how many terminal cells a text takes. Wide glyphs and emoji take two. */
export function widthOf(text: string): number {
  return PRINTABLE_ASCII.test(text)
    ? text.length
    : [...text].reduce((sum, point) => sum + Bun.stringWidth(point), 0);
}

/** Truncates text to `width` cells and ends it with `…` if anything was cut off. */
export function cut(text: string, width: number, ellipsis = "…"): string {
  if (width <= 0) return "";
  if (widthOf(text) <= width) return text;
  let out = "";
  let used = 0;
  for (const point of text) {
    const cells = Bun.stringWidth(point);
    if (used + cells > width - widthOf(ellipsis)) break;
    out += point;
    used += cells;
  }
  return out + ellipsis;
}

/** Truncates or pads text to exactly `width` cells. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const short = cut(text, width);
  const gap = " ".repeat(Math.max(0, width - widthOf(short)));
  return align === "left" ? short + gap : gap + short;
}

/**
 * Wraps text into lines of at most `width` cells, at spaces where possible. Continuation lines keep the paragraph's
 * indentation.
 */
export function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const indent = cut(/^ */.exec(paragraph)?.[0] ?? "", Math.floor(width / 2), "");
    return wrapWords(paragraph.trimStart(), width - indent.length).map((line) => indent + line);
  });
}

function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (widthOf(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (widthOf(line) > width) {
      const head = cut(line, width, "") || line.slice(0, 1);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, line];
}
