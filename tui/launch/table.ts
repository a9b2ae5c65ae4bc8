import type { Paint } from "../paint.ts";

export interface AddressRow {
  readonly name: string;
  readonly address: string;
  readonly purpose: string;
}

const GAP = 2;
const MIN_PURPOSE = 16;

/**
 * Formats the names, URLs and purposes of services as a table for a terminal of `width` columns. A long purpose wraps
 * within its column. If that column would be too narrow, URL and purpose go on lines of their own below the name.
 */
export function formatTable(rows: readonly AddressRow[], width: number, paint: Paint): string {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length)) + GAP;
  const addressWidth = Math.max(...rows.map(({ address }) => address.length)) + GAP;
  const left = width - nameWidth - addressWidth;
  return rows
    .flatMap(({ name, address, purpose }) => {
      if (left < MIN_PURPOSE) return [`${paint.bold(name)}\n  ${address}\n  ${purpose}`];
      const [first = "", ...rest] = wrap(purpose, left);
      return [
        `${paint.bold(name.padEnd(nameWidth))}${address.padEnd(addressWidth)}${first}`,
        ...rest.map((line) => " ".repeat(nameWidth + addressWidth) + line),
      ];
    })
    .join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
