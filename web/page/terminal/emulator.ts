import { ClipboardAddon } from "@xterm/addon-clipboard";
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";
import { PTY_SIZE } from "../../../contracts/pty.ts";
import { writeOnlyClipboard } from "./clipboard.ts";

const LEAST_COLS = 50;

/** Creates the terminal emulator in an element: xterm.js with the addons that this page needs. */
export function createEmulator(element: HTMLElement) {
  const terminal = new Terminal({
    allowProposedApi: true,
    cursorBlink: false,
    fontFamily: '"JetBrains Mono", ui-monospace, Menlo, Consolas, monospace',
    fontSize: fontSizeFor(element.clientWidth),
    scrollback: 1_000,
    theme: themeOf(element),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  terminal.loadAddon(new WebLinksAddon((_, uri) => void window.open(uri, "_blank", "noopener,noreferrer")));
  terminal.loadAddon(new ClipboardAddon(undefined, writeOnlyClipboard));
  withSheets(() => terminal.open(element));
  // The browser console and the tests read the text through this property, because a canvas does not expose it.
  Object.defineProperty(element, "terminal", { value: terminal, configurable: true });
  try {
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    terminal.loadAddon(webgl);
  } catch (error) {
    // Without WebGL, xterm.js draws with DOM elements, which is slower but looks the same.
    console.info("WebGL is not available", error);
  }
  return {
    terminal,
    /** Returns the size that fills the element, within the limits of a session. */
    fittingSize() {
      terminal.options.fontSize = fontSizeFor(element.clientWidth);
      const { cols = 80, rows = 24 } = fit.proposeDimensions() ?? {};
      const clamp = (value: number, least: number, most: number) =>
        Math.min(Math.max(Number.isFinite(value) ? value : least, least), most);
      return {
        cols: clamp(cols, PTY_SIZE.minCols, PTY_SIZE.maxCols),
        rows: clamp(rows, PTY_SIZE.minRows, PTY_SIZE.maxRows),
      };
    },
    applyTheme() {
      terminal.options.theme = themeOf(element);
    },
  };
}
export type Emulator = ReturnType<typeof createEmulator>;

/**
 * Returns the font size in pixels: 15 if that leaves room for {@link LEAST_COLS} columns, otherwise smaller, down to 9.
 */
function fontSizeFor(width: number): number {
  // A cell of JetBrains Mono is 0.6 em wide.
  return Math.min(15, Math.max(9, Math.floor(width / (LEAST_COLS * 0.6))));
}

/** Returns a terminal theme with the page's colors. */
function themeOf(element: HTMLElement) {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    background: of("term-bg"),
    foreground: of("term-text"),
    cursor: of("term-text"),
    selectionBackground: of("line-strong"),
    black: of("term-bg"),
    brightBlack: of("term-dim"),
    red: of("failed"),
    brightRed: of("failed"),
    green: of("completed"),
    brightGreen: of("completed"),
    yellow: of("retrying"),
    brightYellow: of("retrying"),
    blue: of("scheduled"),
    brightBlue: of("accent"),
    magenta: of("rejected"),
    brightMagenta: of("rejected"),
    cyan: of("executing"),
    brightCyan: of("executing"),
    white: of("term-text"),
    brightWhite: of("term-text"),
  };
}

/**
 * Calls `open` while diverting the text of new style elements to constructed style sheets. xterm.js writes its rules
 * into style elements. The page's content security policy forbids such elements, but not constructed style sheets.
 */
function withSheets(open: () => void): void {
  const create = document.createElement;
  document.createElement = function (this: Document, ...args: Parameters<typeof create>) {
    const made = create.apply(this, args);
    if (made instanceof HTMLStyleElement) {
      const sheet = new CSSStyleSheet();
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      Object.defineProperty(made, "textContent", { set: (text: string) => sheet.replaceSync(text) });
    }
    return made;
  } as typeof create;
  try {
    open();
  } finally {
    document.createElement = create;
  }
}
