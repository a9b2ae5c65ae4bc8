import headless from "@xterm/headless";

/** A headless terminal that renders a program's output as a user would see it. */
export interface VirtualScreen {
  write(chunk: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** Returns the screen's text, as lines without trailing spaces. */
  text(): Promise<string>;
  /** Returns whether a program uses the alternate screen. */
  modes(): Promise<{ isAlternate: boolean }>;
  /** Returns every cell of the screen with its style, row by row. */
  cells(): Promise<readonly (readonly Cell[])[]>;
}

export interface Cell {
  readonly text: string;
  readonly width: number;
  /** An index into the sixteen colors; undefined means the terminal's default. */
  readonly color?: number;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
}

export function createVirtualScreen(cols: number, rows: number): VirtualScreen {
  const terminal = new headless.Terminal({ cols, rows, allowProposedApi: true, scrollback: 100 });
  /** Resolves once everything written so far is on the screen. */
  const settled = () => new Promise<void>((resolve) => terminal.write("", resolve));
  return {
    write: (chunk) => terminal.write(chunk),
    resize: (toCols, toRows) => terminal.resize(toCols, toRows),
    async text() {
      await settled();
      const { active } = terminal.buffer;
      const lines = Array.from(
        { length: terminal.rows },
        (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? "",
      );
      return lines.map((text) => text.replaceAll("\u00a0", " ").trimEnd()).join("\n");
    },
    async modes() {
      await settled();
      return { isAlternate: terminal.buffer.active.type === "alternate" };
    },
    async cells() {
      await settled();
      const { active } = terminal.buffer;
      return Array.from({ length: terminal.rows }, (_, row) => {
        const found = active.getLine(active.baseY + row);
        return Array.from({ length: terminal.cols }, (_, column): Cell => {
          const cell = found?.getCell(column);
          return {
            text: cell?.getChars() || " ",
            width: cell?.getWidth() ?? 1,
            ...(cell?.isFgPalette() && { color: cell.getFgColor() }),
            bold: Boolean(cell?.isBold()),
            dim: Boolean(cell?.isDim()),
            inverse: Boolean(cell?.isInverse()),
          };
        });
      });
    },
  };
}
