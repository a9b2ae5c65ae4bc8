import { closeSync, copyFileSync, existsSync, openSync, readSync, renameSync, truncateSync } from "node:fs";
import { sizeOf } from "../engines/log-tail.ts";
import { type ReadableLine, readableLine } from "./readable-line.ts";

export interface LogTailOptions {
  readonly file: string;
  /** Receives each line to show, in short form. */
  onLine(line: string): void;
  /** Decides whether to show a warning written at `warnedAt`, hold it until the next look at the log, or drop it. */
  judge(warnedAt: number): "show" | "hold" | "drop";
  readonly maxBytes?: number;
  readonly everyMs?: number;
}

export interface LogTail {
  /** Passes on everything written so far, before the caller prints another line. */
  catchUp(): void;
  /** Skips everything written so far, for a caller that shows it in another way. */
  skip(): void;
  /** Stops following after passing on the remaining lines. */
  stop(): void;
}

const REPEAT_MS = 5_000;
const MAX_LINES_PER_LOOK = 5;
const MAX_HELD = 50;
const CHUNK_BYTES = 1_048_576;

/**
 * Follows a service's log and passes on the lines worth showing, each message at most once in five seconds.
 * An earlier run's log, or a log that exceeds `maxBytes`, is kept as `<file>.1` until the next one replaces it.
 */
export function followLog({
  file,
  onLine,
  judge,
  maxBytes = 20_000_000,
  everyMs = 250,
}: LogTailOptions): LogTail {
  if (existsSync(file)) renameSync(file, `${file}.1`);
  const lastShown = new Map<string, number>();
  const held: ReadableLine[] = [];
  let offset = 0;
  let rest = "";

  function look(): void {
    const now = performance.now();
    const found = [...held.splice(0), ...readLines().map(readableLine)];
    let shown = 0;
    let left = 0;
    for (const line of found) {
      if (!line) continue;
      const verdict = line.warnedAt === undefined ? "show" : judge(line.warnedAt);
      if (verdict === "hold" && held.length < MAX_HELD) held.push(line);
      if (verdict !== "show" || now - (lastShown.get(line.key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS)
        continue;
      if (shown++ >= MAX_LINES_PER_LOOK) {
        left++;
        continue;
      }
      lastShown.set(line.key, now);
      onLine(line.text);
    }
    if (left > 0) onLine(`and ${left} more lines in ${file}`);
    if (lastShown.size > 100) lastShown.clear();
    if (offset > maxBytes) {
      copyFileSync(file, `${file}.1`);
      truncateSync(file);
      offset = 0;
    }
  }

  function readLines(): string[] {
    if (sizeOf(file) <= offset) return [];
    const fd = openSync(file, "r");
    try {
      const bytes = Buffer.alloc(Math.min(CHUNK_BYTES, sizeOf(file) - offset));
      const read = readSync(fd, bytes, 0, bytes.length, offset);
      offset += read;
      const lines = (rest + bytes.toString("utf8", 0, read)).split("\n");
      rest = (lines.pop() ?? "").slice(-CHUNK_BYTES);
      return lines;
    } finally {
      closeSync(fd);
    }
  }

  const timer = setInterval(look, everyMs);
  return {
    catchUp: look,
    skip() {
      offset = sizeOf(file);
      rest = "";
    },
    stop() {
      clearInterval(timer);
      look();
    },
  };
}
