export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
}

/** The terminal: lines that stay, and below them one status line that does not. */
export interface Printer {
  readonly paint: Paint;
  /** Columns; 80 where it is not a terminal. */
  readonly width: number;
  line(text?: string): void;
  /** Keeps the newest lines back while another program has the terminal; the function returned prints them. */
  hold(): () => void;
  /** On a terminal, shows or replaces the status line, or removes it; elsewhere nothing happens. */
  status(text?: string): void;
  readonly isTerminal: boolean;
}

const plain: Paint = { bold: String, dim: String, red: String, yellow: String };
const code = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`;
const coloured: Paint = { bold: code(1, 22), dim: code(2, 22), red: code(31, 39), yellow: code(33, 39) };

/** Lines that are kept back at most. */
const maxHeld = 200;

/** Writes to a stream; colours only on a terminal that has them and where NO_COLOR (no-color.org) is not set. */
export function createPrinter(
  out: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
): Printer {
  const isTerminal = out.isTTY === true && env.TERM !== "dumb";
  let shown: string | undefined;
  // The terminal may be closed under us; stopping in order matters more than unread output.
  out.on("error", () => undefined);

  let held: string[] | undefined;

  const clear = () => (shown === undefined ? "" : "\r\x1b[K");
  const fit = (text: string) => [...text].slice(0, (out.columns || 80) - 1).join("");
  return {
    isTerminal,
    paint: isTerminal && !env.NO_COLOR ? coloured : plain,
    get width() {
      return (isTerminal && out.columns) || 80;
    },
    line(text = "") {
      if (held) {
        held.push(text);
        if (held.length > maxHeld) held.shift();
        return;
      }
      out.write(`${clear()}${text}\n${shown ?? ""}`);
    },
    hold() {
      held = [];
      return () => {
        const lines = held ?? [];
        held = undefined;
        for (const text of lines) this.line(text);
      };
    },
    status(text) {
      if (!isTerminal || held) return;
      const next = text === undefined ? undefined : fit(text);
      if (next !== shown) out.write(`${clear()}${next ?? ""}`);
      shown = next;
    },
  };
}

/** Waits, and once that takes over a second says what for: in the status line, or in a line every ten seconds. */
export async function whileTelling<T>(printer: Printer, what: () => string, promise: Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const tell = () => {
    const text = `${what()} (${Math.round((performance.now() - startedAt) / 1_000)} s)`;
    if (printer.isTerminal) printer.status(text);
    else printer.line(text);
  };
  const first = setTimeout(tell, 1_000);
  const further = setInterval(tell, printer.isTerminal ? 1_000 : 10_000);
  try {
    return await promise;
  } finally {
    clearTimeout(first);
    clearInterval(further);
    printer.status();
  }
}
