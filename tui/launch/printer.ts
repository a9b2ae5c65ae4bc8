import { type Paint, paintOf } from "../paint.ts";

/** Prints permanent lines and, below them, one temporary status line. */
export interface Printer {
  readonly paint: Paint;
  /** The width in columns; 80 if output is not a terminal. */
  readonly width: number;
  line(text?: string): void;
  /**
   * Holds lines back while another program uses the terminal, until the returned function is called. That function
   * prints the newest {@link MAX_HELD} of them.
   */
  hold(): () => void;
  /** On a terminal, shows, replaces or removes the status line; elsewhere does nothing. */
  status(text?: string): void;
  readonly isTerminal: boolean;
}

/** Maximum number of lines held back; beyond it, the oldest are discarded. */
const MAX_HELD = 200;

/** Returns a printer that writes to a stream, in colors if the stream supports them. */
export function createPrinter(
  out: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
): Printer {
  const isTerminal = out.isTTY === true && env.TERM !== "dumb";
  let shown: string | undefined;
  // The terminal may be closed during the run. A clean stop matters more than unread output.
  out.on("error", () => undefined);

  let held: string[] | undefined;

  const clear = () => (shown === undefined ? "" : "\r\x1b[K");
  const fit = (text: string) => [...text].slice(0, (out.columns || 80) - 1).join("");
  return {
    isTerminal,
    paint: paintOf(out, env),
    get width() {
      return (isTerminal && out.columns) || 80;
    },
    line(text = "") {
      if (held) {
        held.push(text);
        if (held.length > MAX_HELD) held.shift();
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

/**
 * Awaits a promise. From the first second on, reports what it waits for: in the status line, or without a terminal in a
 * line every ten seconds.
 */
export async function withProgress<T>(printer: Printer, what: () => string, promise: Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const report = () => {
    const text = `${what()} (${Math.round((performance.now() - startedAt) / 1_000)} s)`;
    if (printer.isTerminal) printer.status(text);
    else printer.line(text);
  };
  const first = setTimeout(report, 1_000);
  const further = setInterval(report, printer.isTerminal ? 1_000 : 10_000);
  try {
    return await promise;
  } finally {
    clearTimeout(first);
    clearInterval(further);
    printer.status();
  }
}
