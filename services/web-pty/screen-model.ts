import { SerializeAddon } from "@xterm/addon-serialize";
import headless from "@xterm/headless";

const { Terminal } = headless;

export interface ScreenModel {
  /** Bytes that were written and not parsed yet. */
  readonly pending: number;
  write(bytes: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** Resolves to bytes that redraw, on an empty terminal, the screen as of everything written before the call. */
  snapshot(): Promise<Uint8Array>;
  dispose(): void;
}

export interface ScreenModelOptions {
  readonly cols: number;
  readonly rows: number;
  /** Lines above the screen that a snapshot brings back. */
  readonly scrollback: number;
  /** Called after each piece of output is parsed. */
  readonly onParsed: () => void;
}

const MAX_TITLE = 200;

/** DEC private modes that the serializer leaves out: the cursor's visibility and the encodings of the mouse. */
const EXTRA_MODES = [25, 1005, 1006, 1015, 1016];

/**
 * What the terminal shows, parsed without a display. A viewer that lost output is redrawn from it, because replaying
 * raw bytes would repeat questions to the terminal and lose the modes set before.
 */
export function createScreenModel({ cols, rows, scrollback, onParsed }: ScreenModelOptions): ScreenModel {
  const terminal = new Terminal({ cols, rows, scrollback, allowProposedApi: true });
  const serializer = new SerializeAddon();
  terminal.loadAddon(serializer);
  let pending = 0;
  let title = "";
  let cursorStyle = "";
  const modes = new Map<number, boolean>();

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
  terminal.parser.registerEscHandler({ final: "c" }, () => {
    modes.clear();
    title = "";
    cursorStyle = "";
    return false;
  });

  const extras = () =>
    [...modes].map(([mode, isSet]) => `\x1b[?${mode}${isSet ? "h" : "l"}`).join("") +
    cursorStyle +
    (title ? `\x1b]2;${title}\x07` : "");

  return {
    get pending() {
      return pending;
    },
    write(bytes) {
      pending += bytes.length;
      terminal.write(bytes, () => {
        pending -= bytes.length;
        onParsed();
      });
    },
    resize: (newCols, newRows) => terminal.resize(newCols, newRows),
    // Serialized inside the callback: output that was written after the call is not parsed yet then.
    snapshot: () =>
      new Promise((resolve) => {
        terminal.write("", () => resolve(Buffer.from(serializer.serialize({ scrollback }) + extras())));
      }),
    dispose: () => terminal.dispose(),
  };
}
