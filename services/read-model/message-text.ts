/**
 * Decodes bytes as UTF-8 and reports whether the text represents exactly these bytes. `cut` means that more bytes
 * follow, so a character that is incomplete at the end of the bytes is dropped, and the text still counts as exact.
 */
export function decodeText(bytes: Uint8Array, cut: boolean): { text: string; exact: boolean } {
  const decode = (fatal: boolean) =>
    new TextDecoder("utf-8", { fatal, ignoreBOM: true }).decode(bytes, { stream: cut });
  try {
    return { text: decode(true), exact: true };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { text: decode(false), exact: false };
  }
}
