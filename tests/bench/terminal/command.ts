import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** The tasks of the command in each terminal; the first typed line selects one. */
export type Task = "stream" | "echo" | "flood" | "last-words";

export const READY = "ready";
export const STREAM_BYTES = 48_000_000;
export const LAST_WORDS_BYTES = 5_000_000;

/** Returns lines in changing colors, like the output of a build. */
function coloredLines(bytes: number): Buffer {
  const lines: string[] = [];
  for (let i = 0, size = 0; size < bytes; i++) {
    const line = `\x1b[3${i % 8}mline ${String(i).padStart(8, "0")} of many colors\x1b[0m\r\n`;
    lines.push(line);
    size += line.length;
  }
  return Buffer.from(lines.join("")).subarray(0, bytes);
}

/** Writes the files that tasks print, and returns a command that prints {@link READY}, reads a task and runs it. */
export async function prepareCommand(folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const stream = join(folder, "stream");
  const lastWords = join(folder, "last-words");
  await Bun.write(stream, coloredLines(STREAM_BYTES));
  await Bun.write(lastWords, coloredLines(LAST_WORDS_BYTES));
  const script = `stty raw -echo; printf ${READY}; read -r task; case $task in
    stream) cat '${stream}'; read -r _;;
    echo) exec cat;;
    flood) while :; do cat '${stream}'; done;;
    last-words) exec cat '${lastWords}';;
  esac`;
  return ["sh", "-c", script];
}
