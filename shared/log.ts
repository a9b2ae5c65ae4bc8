export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly service: string;
  readonly level: LogLevel;
  /** Receives the lines, which by default go to standard output. */
  readonly write?: (line: string) => void;
}

/**
 * Creates a log with one JSON object per line: time, level, service, a fixed message, variable fields. An `error` field
 * may be any thrown value, and is written with its message, code, stack and causes. Never log payloads or secrets.
 */
export function createLog({ service, level, write = writeLine }: LogOptions): Log {
  const threshold = LOG_LEVELS.indexOf(level);
  const at = (name: LogLevel) => (message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(name) < threshold) return;
    write(
      JSON.stringify({ time: new Date().toISOString(), level: name, service, message, ...spell(fields) }),
    );
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

let pending = "";

// Lines from one turn of the event loop are written together: at thousands of requests per second, one write per line
// would cost more than the requests. Pending lines are flushed on exit.
function writeLine(line: string): void {
  if (pending === "") setImmediate(flush);
  pending += `${line}\n`;
}

function flush(): void {
  const text = pending;
  pending = "";
  if (text !== "") process.stdout.write(text);
}
process.on("exit", flush);

function spell(fields: LogFields | undefined): LogFields | undefined {
  return fields && "error" in fields ? { ...fields, error: spellError(fields.error, 4) } : fields;
}

function spellError(thrown: unknown, depth: number): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const { message, stack, cause } = thrown;
  const code = "code" in thrown ? thrown.code : undefined;
  return {
    message,
    code,
    stack,
    cause: cause === undefined || depth === 0 ? undefined : spellError(cause, depth - 1),
  };
}
