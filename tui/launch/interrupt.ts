const ECHO_MS = 300;

/**
 * Aborts on the first SIGINT, SIGTERM or SIGHUP. A second signal calls `kill`. Signals in quick succession count as
 * one, because a single Ctrl-C arrives from the terminal and again from the `bun run` or `npx` that started us.
 */
export function onInterrupt(kill: () => void): AbortSignal {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const interrupt = () => {
    if (firstAt !== undefined && performance.now() - firstAt > ECHO_MS) return kill();
    firstAt ??= performance.now();
    controller.abort(new Error("Interrupted"));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
