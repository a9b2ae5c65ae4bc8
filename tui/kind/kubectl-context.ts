import type { CliContext } from "../cli/context.ts";
import { tool } from "./tools.ts";

const SELECT_MS = 10_000;

/**
 * Restores kubectl's current context after `work`, in which kind switches to its own: the user's next kubectl command
 * must not reach another cluster than the last one did. If none was set, kind's stays. Resolves with the outcome of
 * `work` and the current context.
 */
export async function keepingContext(context: CliContext, work: () => Promise<string>): Promise<string> {
  const before = await currentContext(context.signal);
  let done: string;
  try {
    done = await work();
  } finally {
    // Not the command's signal: after Ctrl-C it is aborted, and kind may have switched already.
    if (before) await config(AbortSignal.timeout(SELECT_MS), "set", "current-context", before);
  }
  return `${done}; kubectl uses the context ${await currentContext(context.signal)}`;
}

/** Resolves with an empty string where none is set. */
const currentContext = (signal: AbortSignal) =>
  config(signal, "view", "--output", "jsonpath={.current-context}");

const config = (signal: AbortSignal, ...args: string[]) =>
  tool({ signal }, ["kubectl", "config", ...args], "`kubectl config view` shows what kubectl reads");
