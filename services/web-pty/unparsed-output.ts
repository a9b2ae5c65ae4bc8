/**
 * Output that the screen has not parsed yet. Parsing bytes costs ten times as much as sending them to the browser, and
 * nearly all lines of a flood scroll past unseen. Output is therefore held here until the screen is needed, and lines
 * that would have left the scrollback by then are dropped unparsed.
 */
export interface UnparsedOutput {
  readonly size: number;
  push(bytes: Uint8Array): void;
  /** Removes everything held and returns it for the parser. */
  take(): Uint8Array;
  /**
   * Drops the leading lines except the last `lines` of them, and puts the colors in effect and a line end in their
   * place. The leading lines are those before the first byte that belongs neither to text nor to a line end or a color,
   * because anything else may move the cursor or switch a mode. Returns false if it dropped nothing. Valid only for a
   * screen without a scroll region.
   */
  dropAllBut(lines: number): boolean;
}

const FIRST_CAPACITY = 4_096;
const MAX_COLORS = 4_096;
const ESC = 0x1b;
const CR = 0x0d;
const LF = 0x0a;
const LEAD_OF_C1 = 0xc2;

export function createUnparsedOutput(): UnparsedOutput {
  let held: Buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  let size = 0;
  /** The parser's state before the first held byte. */
  let before: State = "ground";
  /** How many leading bytes are known to be text, so that no byte is examined twice. */
  let known = 0;

  function reserve(capacity: number): void {
    if (capacity <= held.length) return;
    const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(capacity)));
    held.copy(larger, 0, 0, size);
    held = larger;
  }

  return {
    get size() {
      return size;
    },
    push(bytes) {
      reserve(size + bytes.length);
      held.set(bytes, size);
      size += bytes.length;
    },
    take() {
      const taken = held.subarray(0, size);
      before = stateAfter(taken, before);
      // The parser reads these bytes later, so they must not be overwritten.
      held = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
      size = 0;
      known = 0;
      return taken;
    },
    dropAllBut(lines) {
      if (before !== "ground") return false;
      known = endOfText(held.subarray(0, size), known);
      const text = held.subarray(0, known);
      const cut = startOfLastLines(text, lines);
      // A line end is needed because the cursor may be inside a line whose end is dropped. The colors come before it,
      // because a new line is filled with the current background color.
      const replacement = Buffer.concat([...colorsAt(text, cut), Buffer.from("\r\n")]);
      if (replacement.length >= Math.min(MAX_COLORS, cut)) return false;
      held.copyWithin(replacement.length, cut, size);
      held.set(replacement);
      size += replacement.length - cut;
      known += replacement.length - cut;
      return true;
    },
  };
}

/** Returns the offset where the last `lines` complete lines begin, after a CR and LF; 0 when there are fewer. */
function startOfLastLines(bytes: Uint8Array, lines: number): number {
  let seen = 0;
  for (let i = bytes.length - 1; i > 0; i--)
    if (bytes[i] === LF && ++seen > lines && bytes[i - 1] === CR) return i + 1;
  return 0;
}

/**
 * The ECMA-48 parser states needed to recognize text. In `string`, the parser is inside a control string, such as a
 * window title.
 */
type State = "ground" | "escape" | "csi" | "string";

/** Bytes that may do more than print, end a line or ring: ESC, backspace, charset shifts, lead bytes of C1 controls. */
const SPECIAL = new Uint8Array(256);
for (const byte of [ESC, 0x08, 0x0e, 0x0f, LEAD_OF_C1]) SPECIAL[byte] = 1;

/** Returns the length of the leading text, line ends and colors. Bytes before `from` were already examined. */
function endOfText(bytes: Uint8Array, from: number): number {
  let i = from;
  while (i < bytes.length) {
    if (SPECIAL[bytes[i]!] === 0) i++;
    else if (bytes[i] === ESC) {
      const end = endOfColor(bytes, i);
      if (end === 0) return i;
      i = end;
    } else if (bytes[i] === LEAD_OF_C1 && !isC1(bytes, i)) i++;
    else return i;
  }
  return i;
}

/** Returns the parser's state after it has read some output. */
function stateAfter(bytes: Uint8Array, before: State): State {
  let state = before;
  for (let i = 0; i < bytes.length; i++) {
    if (state !== "ground") state = next(state, bytes[i]!);
    else if (bytes[i] === ESC) state = "escape";
    // A C1 control may begin a string, so everything after it counts as part of one.
    else if (bytes[i] === LEAD_OF_C1 && isC1(bytes, i)) state = "string";
  }
  return state;
}

/** Returns whether a C1 control (U+0080 to U+009F) begins here, or may begin once its second byte arrives. */
const isC1 = (bytes: Uint8Array, at: number) => at + 1 === bytes.length || bytes[at + 1]! < 0xa0;

/** Returns the offset after the color sequence at `at`; 0 when there is none. */
function endOfColor(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== ESC || bytes[at + 1] !== 0x5b) return 0;
  let i = at + 2;
  while (bytes[i]! >= 0x30 && bytes[i]! <= 0x3b) i++;
  return bytes[i] === 0x6d ? i + 1 : 0;
}

/** Returns the color sequences in effect at `place`: the last reset before it and all later sequences. */
function colorsAt(bytes: Buffer, place: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = place; at > 0; ) {
    at = bytes.lastIndexOf(ESC, at - 1);
    if (at < 0) break;
    found.unshift(bytes.subarray(at, endOfColor(bytes, at)));
    if (isReset(bytes, at)) break;
  }
  return found;
}

/** Returns whether a color sequence begins with a reset: its first parameter is 0 or missing. */
function isReset(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at + 2];
  const second = bytes[at + 3];
  return first === 0x6d || first === 0x3b || (first === 0x30 && (second === 0x6d || second === 0x3b));
}

function next(state: State, byte: number): State {
  if (byte === ESC) return "escape";
  // A C1 control may begin a string in any state.
  if (byte === LEAD_OF_C1) return "string";
  // CAN and SUB end every sequence.
  if (byte === 0x18 || byte === 0x1a) return "ground";
  if (state === "string") return "string";
  if (byte < 0x20 || byte === 0x7f) return state;
  if (state === "csi") return byte < 0x40 ? "csi" : "ground";
  if (byte < 0x30) return "escape";
  if (byte === 0x5b) return "csi";
  return [0x50, 0x58, 0x5d, 0x5e, 0x5f].includes(byte) ? "string" : "ground";
}
