import { writeSync } from "node:fs";
import termkit from "terminal-kit";
import type { Canvas } from "./canvas.ts";
import { type Style, THEMES, type ThemeName } from "./style.ts";

/** The terminal operations that the program uses. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  /** Shows a frame by writing only the cells that differ from the previous one. */
  draw(canvas: Canvas, theme: ThemeName): void;
  /** Whether output to the terminal is still buffered. If so, another frame would only be queued behind it. */
  isBehind(): boolean;
  onKey(listener: (key: string) => void): void;
  /**
   * Registers a listener for left clicks while mouse input is enabled. It receives the clicked cell, counted from 0.
   */
  onClick(listener: (x: number, y: number) => void): void;
  onResize(listener: (width: number, height: number) => void): void;
  mouse(on: boolean): void;
  /** Puts text on the clipboard of the user's own terminal, even over SSH (OSC 52). */
  copy(text: string): void;
  /** Restores the terminal. May be called twice and from an exit handler. */
  close(): void;
}

export interface ScreenOptions {
  readonly colors: boolean;
}

const KEYS: Readonly<Record<string, string>> = {
  ESCAPE: "esc",
  ENTER: "enter",
  KP_ENTER: "enter",
  TAB: "tab",
  SHIFT_TAB: "shift-tab",
  BACKSPACE: "backspace",
  DELETE: "delete",
  UP: "up",
  DOWN: "down",
  LEFT: "left",
  RIGHT: "right",
  PAGE_UP: "pgup",
  PAGE_DOWN: "pgdn",
  HOME: "home",
  END: "end",
  MOUSE_WHEEL_UP: "up",
  MOUSE_WHEEL_DOWN: "down",
};

/** Leaves the alternate screen, shows the cursor, and resets styles and mouse modes. */
const RESTORE = "\x1b[?1000l\x1b[?1002l\x1b[?1006l\x1b[0m\x1b[?25h\x1b[?1049l";
/** Maximum base64 length in an OSC 52 sequence; terminals drop longer ones. */
const MAX_COPIED = 74_000;

/** Takes over the terminal immediately. Only this file imports terminal-kit. */
export function openScreen({ colors }: ScreenOptions): Screen {
  const { terminal } = termkit;
  let buffer = newBuffer();
  let closed = false;
  let wide = new Map<number, string>();
  let cursorShown = true;
  const attributes = new Map<string, number>();
  const keys: ((key: string) => void)[] = [];
  const clicks: ((x: number, y: number) => void)[] = [];
  const resizes: ((width: number, height: number) => void)[] = [];

  terminal.alternateScreenBuffer(true);
  terminal.clear();
  terminal.hideCursor();
  cursorShown = false;
  terminal.grabInput({});
  terminal.on("key", (name: string) => press(name));
  terminal.on("mouse", (name: string, { x, y }: { x: number; y: number }) => {
    if (name === "MOUSE_LEFT_BUTTON_PRESSED") for (const listener of clicks) listener(x - 1, y - 1);
    else press(name);
  });
  terminal.on("resize", (width: number, height: number) => {
    buffer = newBuffer();
    wide = new Map();
    terminal.clear();
    for (const listener of resizes) listener(width, height);
  });

  function newBuffer() {
    const { width, height } = terminal;
    return new termkit.ScreenBuffer({ dst: terminal, width, height });
  }

  function press(name: string) {
    const key = KEYS[name] ?? (name.startsWith("CTRL_") ? `ctrl-${name.slice(5).toLowerCase()}` : name);
    if ([...key].length > 1 && key === name) return;
    for (const listener of keys) listener(key);
  }

  function attributeOf(style: Style, theme: ThemeName): number {
    const { color, bold = false, dim = false, inverse = false } = style;
    const index = colors && color ? THEMES[theme][color] : undefined;
    const name = `${index}${bold}${dim}${inverse}`;
    const known = attributes.get(name);
    if (known !== undefined) return known;
    const look = { color: index ?? "default", bgColor: "default", bold, dim, inverse };
    // The type definitions omit this method's return value.
    const made = termkit.ScreenBuffer.prototype.object2attr(look) as unknown as number;
    attributes.set(name, made);
    return made;
  }

  /**
   * Writes a frame into the buffer, except for wide glyphs, whose width terminals disagree about. Returns the wide
   * glyphs by cell index.
   */
  function fill({ width, height, chars, styles }: Canvas, theme: ThemeName): Map<number, string> {
    const found = new Map<number, string>();
    for (let y = 0; y < height; y++) {
      let x = 0;
      while (x < width) {
        const start = y * width + x;
        const attr = attributeOf(styles[start] ?? {}, theme);
        let text = "";
        let next = x;
        for (; next < width && attributeOf(styles[y * width + next] ?? {}, theme) === attr; next++) {
          const char = chars[y * width + next] ?? " ";
          const isWide = chars[y * width + next + 1] === "" && next + 1 < width;
          if (isWide) found.set(y * width + next, char);
          // No-break spaces fill a wide glyph's cells. They differ from blanks, so the cells are redrawn when the glyph
          // goes.
          text += char === "" || isWide ? "\u00a0" : char;
        }
        buffer.put({ x, y, attr, wrap: false, dx: 1, dy: 0 }, "%s", text);
        x = next;
      }
    }
    return found;
  }

  /** Draws each wide glyph at its own position, so that none shifts the text after it. */
  function drawWide(canvas: Canvas, theme: ThemeName, found: Map<number, string>) {
    for (const [index, char] of found) {
      const attr = attributeOf(canvas.styles[index] ?? {}, theme);
      const look = `${char}${attr}`;
      found.set(index, look);
      if (wide.get(index) === look) continue;
      const x = (index % canvas.width) + 1;
      const y = Math.floor(index / canvas.width) + 1;
      terminal.moveTo(x, y);
      terminal.noFormat(`${styleSequence(canvas.styles[index] ?? {}, theme, colors) + char}\x1b[0m`);
    }
    wide = found;
  }

  return {
    get width() {
      return terminal.width;
    },
    get height() {
      return terminal.height;
    },
    draw(canvas, theme) {
      if (closed || canvas.width !== terminal.width || canvas.height !== terminal.height) return;
      const found = fill(canvas, theme);
      if (cursorShown) terminal.hideCursor();
      buffer.draw({ delta: true });
      drawWide(canvas, theme, found);
      cursorShown = canvas.cursor !== undefined;
      if (canvas.cursor) {
        terminal.moveTo(canvas.cursor.x + 1, canvas.cursor.y + 1);
        terminal.hideCursor(false);
      }
    },
    isBehind: () => process.stdout.writableLength > 0,
    onKey: (listener) => void keys.push(listener),
    onClick: (listener) => void clicks.push(listener),
    onResize: (listener) => void resizes.push(listener),
    mouse(on) {
      terminal.grabInput(on ? { mouse: "button" } : {});
      if (!on) process.stdout.write("\x1b[?1000l\x1b[?1006l");
    },
    copy(text) {
      process.stdout.write(`\x1b]52;c;${Buffer.from(text).toString("base64").slice(0, MAX_COPIED)}\x07`);
    },
    close() {
      if (closed) return;
      closed = true;
      terminal.grabInput(false);
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
      // The write is synchronous, because an exit handler cannot wait.
      writeSync(1, RESTORE);
    },
  };
}

function styleSequence({ color, bold, dim, inverse }: Style, theme: ThemeName, colors: boolean): string {
  const index = colors && color ? THEMES[theme][color] : undefined;
  const codes = [
    ...(bold ? [1] : []),
    ...(dim ? [2] : []),
    ...(inverse ? [7] : []),
    ...(index === undefined ? [] : [index < 8 ? 30 + index : 82 + index]),
  ];
  return `\x1b[0${codes.map((code) => `;${code}`).join("")}m`;
}
