/**
 * Bytes as text, and whether the text stands for exactly these bytes. `cut`: the bytes are the beginning of more, so a
 * character that is split at their end is left out and is no fault.
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
