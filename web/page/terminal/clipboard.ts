import type { IClipboardProvider } from "@xterm/addon-clipboard";

const MAX_CHARACTERS = 100_000;

/**
 * The clipboard of programs in the terminal, which reach it with an escape sequence (OSC 52). They may write to it and
 * never read it: printing text from elsewhere, such as a job's payload, must not reveal what the user copied in another
 * window. Text that is too long is ignored, not cut: half of it would look like the whole.
 */
export const writeOnlyClipboard: IClipboardProvider = {
  readText: () => "",
  async writeText(_, text) {
    if (text.length <= MAX_CHARACTERS) await navigator.clipboard.writeText(text);
  },
};
