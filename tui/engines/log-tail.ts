import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";

const MAX_BYTES = 16_384;

/** Returns the last lines of a log, at most 16 KiB; with `from`, nothing before that byte. */
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

/** Bytes in the file; 0 when there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
