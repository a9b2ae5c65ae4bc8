import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A recorded reply. */
export interface Exchange {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed body, or undefined if it is not JSON. */
  readonly json: unknown;
}

/** Sends one request and records its reply, whatever the status. Throws if there is no reply. */
export type Send = (method: "GET" | "POST", url: string, body?: unknown) => Promise<Exchange>;

export interface Recorder {
  readonly folder: string;
  /** Throws an error that names every service that does not respond. */
  knock(targets: Readonly<Record<string, string>>): Promise<void>;
  /**
   * Runs one of the test's paths through the system and records its replies in a separate file. Records a failure too,
   * and rethrows it with the path's name.
   */
  path<T>(name: string, run: (send: Send, signal: AbortSignal) => Promise<T>): Promise<T>;
  summarize(summary: object): void;
}

/** Creates a recorder that writes every reply with its headers and time to a folder, one JSON object per line. */
export function createRecorder({ folder, signal }: { folder: string; signal: AbortSignal }): Recorder {
  mkdirSync(folder, { recursive: true });
  const outcomes: { path: string; ok: boolean; durationMs: number; reason?: string }[] = [];

  const sendInto =
    (file: string): Send =>
    async (method, url, body) => {
      const startedAt = performance.now();
      const entry: Record<string, unknown> = { at: new Date().toISOString(), method, url, body };
      try {
        const response = await fetch(url, {
          method,
          signal,
          ...(body !== undefined && {
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          }),
        });
        const text = await response.text();
        const { status } = response;
        const headers = Object.fromEntries(response.headers);
        const json = parse(text);
        Object.assign(entry, { status, headers, reply: json ?? text });
        return { status, headers, text, json };
      } catch (error) {
        entry.error = String(error);
        throw error;
      } finally {
        entry.durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
        appendFileSync(join(folder, `${file}.jsonl`), `${JSON.stringify(entry)}\n`);
      }
    };

  return {
    folder,
    async knock(targets) {
      const send = sendInto("0-health");
      const silent = await Promise.all(
        Object.entries(targets).map(async ([name, url]) => {
          try {
            await send("GET", `${url}/healthz`);
            return undefined;
          } catch (error) {
            return `${name} at ${url} (${(error as { code?: string }).code ?? (error as Error).message})`;
          }
        }),
      );
      const named = silent.filter((one) => one !== undefined);
      if (named.length > 0)
        throw new Error(`No response from ${named.join(", ")}; start the system with: bun run dev`);
    },
    async path(name, run) {
      const startedAt = performance.now();
      const finish = (ok: boolean, reason?: string) =>
        outcomes.push({ path: name, ok, durationMs: Math.round(performance.now() - startedAt), reason });
      try {
        const result = await run(sendInto(`${outcomes.length + 1}-${name.replaceAll(" ", "-")}`), signal);
        finish(true);
        return result;
      } catch (error) {
        const reason = signal.aborted
          ? `the time limit of 60 s for all paths has passed; ${String(error)}`
          : String((error as Error).message);
        finish(false, reason);
        throw new Error(`${name}: ${reason}`, { cause: error });
      }
    },
    summarize(summary) {
      writeFileSync(
        join(folder, "summary.json"),
        `${JSON.stringify({ ...summary, paths: outcomes }, null, 2)}\n`,
      );
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
