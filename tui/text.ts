/** Escape sequences: CSI, OSC and other strings up to their end, then any other two-character sequence (ECMA-48). */
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
 * Makes outside text safe for the screen: no escape sequences, control or direction characters, one line. Each
 * grapheme is reduced to its first code point, because a cell of the screen holds one; zero-width characters are
 * removed.
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

/** The number of cells that a text takes on a terminal; wide glyphs and emoji take two. */
export function widthOf(text: string): number {
  return PRINTABLE_ASCII.test(text)
    ? text.length
    : [...text].reduce((sum, point) => sum + Bun.stringWidth(point), 0);
}

/** The text truncated to `width` cells, ending in `…` where something was lost. */
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

/** Truncated or padded to exactly `width` cells. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const short = cut(text, width);
  const gap = " ".repeat(Math.max(0, width - widthOf(short)));
  return align === "left" ? short + gap : gap + short;
}

/** Lines of at most `width` cells, broken at spaces where possible; a paragraph's indentation continues. */
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
