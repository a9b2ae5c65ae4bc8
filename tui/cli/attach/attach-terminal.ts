import { PTY_SIZE } from "../../../contracts/pty.ts";
import { type End, openConnection } from "./connection.ts";
import type { Target } from "./target.ts";

/** Ctrl-], as in telnet, because programs in the terminal are unlikely to need it. */
const LEAVE = 0x1d;
const CTRL_C = 0x03;
/** The most bytes of input sent in one frame, well below the largest frame that the service accepts. */
const MAX_INPUT = 16_384;

/** Clears the screen and resets every mode. */
const CLEAR = "\x1bc";
/**
 * Undoes the program's changes to the local terminal: turns off the scroll region, origin mode, insert mode and focus
 * events, and turns on wrapping and ASCII. Leaves the alternate screen, turns off the mouse and bracketed paste, resets
 * colors, and shows the cursor on the last line in its default shape.
 */
const RESTORE =
  "\x1b[r\x1b[?6l\x1b[4l\x1b[?7h\x1b[?45l\x0f\x1b(B\x1b[?1004l\x1b[?1016l\x1b[0 q\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l\x1b[?1l\x1b>\x1b[0m\x1b[?25h\x1b[999;1H";

/**
 * Shows a web-pty terminal in the local terminal until its program ends or the user detaches, then restores the local
 * terminal.
 */
export async function attachTerminal(
  target: Target,
  { token, signal }: { token: string | undefined; signal: AbortSignal },
): Promise<End> {
  const { stdin, stdout } = process;
  const connection = openConnection(target, {
    token,
    signal,
    size: () => ({
      cols: clamp(stdout.columns, PTY_SIZE.minCols, PTY_SIZE.maxCols),
      rows: clamp(stdout.rows, PTY_SIZE.minRows, PTY_SIZE.maxRows),
    }),
    draw: (bytes, fresh) =>
      new Promise((resolve) => {
        if (fresh) stdout.write(CLEAR);
        stdout.write(bytes, () => resolve());
      }),
    ready() {
      stdin.setRawMode(true);
      stdin.resume().on("data", onKeys);
      stdout.on("resize", connection.resize);
    },
    lost: () =>
      void stdout.write("\r\n\x1b[0mThe connection was lost; trying again (press Ctrl-C to detach)\r\n"),
  });

  function onKeys(keys: Buffer): void {
    // While disconnected or only watching, the user cannot send Ctrl-C to the remote program, so Ctrl-C detaches.
    const isOurs = !connection.drives || !connection.isConnected;
    if (keys.includes(LEAVE) || (isOurs && keys.includes(CTRL_C))) {
      const kept = connection.drives
        ? "; the terminal ends unless a browser opens it within PTY_DISCONNECT_GRACE_SECS"
        : "";
      connection.leave({ code: 0, said: `Detached${kept}` });
    } else if (connection.drives) {
      for (let at = 0; at < keys.length; at += MAX_INPUT)
        connection.input(Uint8Array.from(keys.subarray(at, at + MAX_INPUT)));
    }
  }

  try {
    return await connection.ended;
  } finally {
    connection.close();
    stdout.off("resize", connection.resize);
    stdin.off("data", onKeys).pause();
    if (stdin.isRaw) {
      stdin.setRawMode(false);
      stdout.write(`${RESTORE}\r\n`);
    }
  }
}

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value || least, least), most);
