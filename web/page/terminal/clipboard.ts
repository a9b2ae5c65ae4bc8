import type { IClipboardProvider } from "@xterm/addon-clipboard";

const MAX_CHARACTERS = 100_000;

/**
 * The clipboard that programs in the terminal reach with an escape sequence (OSC 52). They can write to it but never
 * read it: printing untrusted text, such as a job's payload, must not reveal text that the user copied in another
 * window. Text that is too long is ignored instead of truncated, because truncated text would look complete.
 */
export const writeOnlyClipboard: IClipboardProvider = {
  readText: () => "",
  async writeText(_, text) {
    if (text.length <= MAX_CHARACTERS) await navigator.clipboard.writeText(text);
  },
};
