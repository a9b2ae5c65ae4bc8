import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";

const MAX_BYTES = 16_384;

/**
 * Returns a log's last lines, at most 16 KiB, or a note that it is missing. With `from`, skips everything before that
 * byte offset.
 */
export function tailOf(file: string, from = 0, lines = 20): string {
  if (!existsSync(file)) return `(no log at ${file})`;
  const fd = openSync(file, "r");
  try {
    const { size } = fstatSync(fd);
    const start = Math.max(from, size - MAX_BYTES, 0);
    const bytes = Buffer.alloc(Math.max(size - start, 0));
    readSync(fd, bytes, 0, bytes.length, start);
    return bytes.toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } finally {
    closeSync(fd);
  }
}

/** Returns the file's size in bytes; 0 if there is no file. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
