import { SerializeAddon } from "@xterm/addon-serialize";
import headless from "@xterm/headless";
import { createUnparsedOutput } from "./unparsed-output.ts";

const { Terminal } = headless;

export interface ScreenModel {
  /** Number of bytes passed to the parser but not parsed yet. Output that is still held back does not count. */
  readonly pending: number;
  write(bytes: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** Resolves to bytes that redraw the screen on an empty terminal, including everything written before the call. */
  snapshot(): Promise<Uint8Array>;
  dispose(): void;
}

export interface ScreenModelOptions {
  readonly cols: number;
  readonly rows: number;
  /** Number of scrollback lines that a snapshot restores. */
  readonly scrollback: number;
  /**
   * How many bytes of output are held back. At this size, lines that would have left the scrollback are dropped; if none
   * can be dropped, all held output is parsed. While the parser is busy, twice as many bytes are held.
   */
  readonly heldBytes?: number;
  /** Called after each piece of output is parsed. */
  readonly onParsed: () => void;
}

const MAX_TITLE = 200;

/** DEC private modes that the serializer leaves out: cursor visibility and mouse encodings. */
const EXTRA_MODES = [25, 1005, 1006, 1015, 1016];

/**
 * Tracks a terminal's screen without a display. A viewer that lost output is redrawn from this model, because replaying
 * raw bytes would repeat queries to the terminal and lose modes set earlier.
 */
export function createScreenModel({
  cols,
  rows,
  scrollback,
  heldBytes = 262_144,
  onParsed,
}: ScreenModelOptions): ScreenModel {
  const terminal = new Terminal({ cols, rows, scrollback, allowProposedApi: true });
  const serializer = new SerializeAddon();
  terminal.loadAddon(serializer);
  let pending = 0;
  let title = "";
  let cursorStyle = "";
  const modes = new Map<number, boolean>();
  const unparsed = createUnparsedOutput();
  /**
   * The screens, normal or alternate, that have a scroll region. Their output is not dropped, because new lines do not
   * push out the lines outside the region.
   */
  const withRegion = new Set<string>();
  /**
   * Number of lines after which all earlier lines have left the scrollback. It includes the height twice: once for the
   * rows on the screen, and once because the first lines may only move the cursor down to the last row.
   */
  const enough = (height: number) => height * 2 + scrollback;
  let lines = enough(rows);

  terminal.onTitleChange((text) => {
    title = text.slice(0, MAX_TITLE);
  });
  for (const [final, isSet] of [
    ["h", true],
    ["l", false],
  ] as const)
    terminal.parser.registerCsiHandler({ prefix: "?", final }, (params) => {
      for (const mode of params.flat()) if (EXTRA_MODES.includes(mode)) modes.set(mode, isSet);
      return false;
    });
  terminal.parser.registerCsiHandler({ intermediates: " ", final: "q" }, ([style = 0]) => {
    cursorStyle = `\x1b[${style} q`;
    return false;
  });
  terminal.parser.registerCsiHandler({ final: "r" }, ([top = 0, bottom = 0]) => {
    const isWhole = Number(top) <= 1 && (bottom === 0 || Number(bottom) >= terminal.rows);
    if (isWhole) withRegion.delete(terminal.buffer.active.type);
    else withRegion.add(terminal.buffer.active.type);
    return false;
  });
  terminal.parser.registerEscHandler({ final: "c" }, () => {
    modes.clear();
    withRegion.clear();
    title = "";
    cursorStyle = "";
    return false;
  });

  const extras = () =>
    [...modes].map(([mode, isSet]) => `\x1b[?${mode}${isSet ? "h" : "l"}`).join("") +
    cursorStyle +
    (title ? `\x1b]2;${title}\x07` : "");

  function parse(): void {
    const bytes = unparsed.take();
    pending += bytes.length;
    terminal.write(bytes, () => {
      pending -= bytes.length;
      onParsed();
    });
  }

  return {
    get pending() {
      return pending;
    },
    write(bytes) {
      unparsed.push(bytes);
      if (unparsed.size < heldBytes) return;
      // Bytes that the parser has not finished may set a scroll region, so lines are dropped only while it is idle.
      const mayDrop = pending === 0 && !withRegion.has(terminal.buffer.active.type);
      // The kept lines may be long, so the buffer is also parsed once it reaches twice the bound.
      if (mayDrop && unparsed.dropAllBut(lines) && unparsed.size < heldBytes * 2) return;
      if (pending === 0 || unparsed.size >= heldBytes * 2) parse();
    },
    resize(newCols, newRows) {
      lines = enough(newRows);
      parse();
      terminal.write("", () => terminal.resize(newCols, newRows));
    },
    // The callback serializes the screen before any output written after the call is parsed.
    snapshot() {
      parse();
      return new Promise((resolve) => {
        terminal.write("", () => resolve(Buffer.from(serializer.serialize({ scrollback }) + extras())));
      });
    },
    dispose: () => terminal.dispose(),
  };
}
