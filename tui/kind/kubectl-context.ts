import type { CliContext } from "../cli/context.ts";
import { tool } from "./tools.ts";

const SELECT_MS = 10_000;

/**
 * Runs `work`, during which kind switches kubectl to its own context, then restores the previous context, so the user's
 * next kubectl command reaches the same cluster as before. If no context was set, kind's context stays. Resolves with
 * the summary from `work` and the current context.
 */
export async function keepingContext(context: CliContext, work: () => Promise<string>): Promise<string> {
  const before = await currentContext(context.signal);
  let done: string;
  try {
    done = await work();
  } finally {
    // Uses its own signal: kind may already have switched the context, which must be restored even after Ctrl-C has
    // aborted the command's signal.
    if (before) await config(AbortSignal.timeout(SELECT_MS), "set", "current-context", before);
  }
  return `${done}; kubectl uses the context ${await currentContext(context.signal)}`;
}

/** Resolves with the current context, or an empty string if none is set. */
const currentContext = (signal: AbortSignal) =>
  config(signal, "view", "--output", "jsonpath={.current-context}");

const config = (signal: AbortSignal, ...args: string[]) =>
  tool({ signal }, ["kubectl", "config", ...args], "`kubectl config view` shows what kubectl reads");
