/** A server-sent event, or a block without data that only sets the id. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly data: string | undefined;
}

const MAX_BLOCK_CHARS = 8_388_608;

/**
 * Parses server-sent events (WHATWG HTML, section 9.2.6) from chunks of text that may end anywhere. Throws if a block
 * exceeds 8 Mi characters, so a misbehaving server cannot fill memory.
 */
export function createEventParser(onRetry: (ms: number) => void = () => undefined) {
  let rest = "";
  let id: string | undefined;
  let data: string[] = [];

  function endOfBlock(): ServerSentEvent | undefined {
    const event = { id, data: data.length > 0 ? data.join("\n") : undefined };
    id = undefined;
    data = [];
    return event.id === undefined && event.data === undefined ? undefined : event;
  }

  function takeField(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^\d+$/.test(value)) onRetry(Number(value));
  }

  return {
    /** Adds a chunk, and returns the events that it completes. */
    push(chunk: string): ServerSentEvent[] {
      // A CR at the end of the text may be the first half of a CRLF, so it stays in `rest` until the next chunk.
      const text = rest + chunk;
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      const pending = rest.length + data.reduce((sum, line) => sum + line.length, 0);
      if (pending > MAX_BLOCK_CHARS) throw new Error(`An event is longer than ${MAX_BLOCK_CHARS} characters`);
      const events: ServerSentEvent[] = [];
      for (const line of lines) {
        const event = line === "" ? endOfBlock() : takeField(line);
        if (event) events.push(event);
      }
      return events;
    },
  };
}
