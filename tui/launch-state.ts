/** The ways to run the system on this machine, named as in `odd-dashboard up --tier`. */
export const TIERS = [
  {
    name: "embedded",
    needs: "one PostgreSQL, included where none is installed",
    memory: "0.3 GB",
  },
  { name: "full", needs: "RabbitMQ, PostgreSQL, MongoDB and Redis on the PATH" },
  { name: "compose", needs: "a container engine with Compose 2.24 or newer" },
  { name: "kind", needs: "a container engine with Compose, kubectl and kind" },
] as const;
export type TierName = (typeof TIERS)[number]["name"];

/** An attempt to start or stop the system. */
export interface Launch {
  readonly doing: "start" | "stop";
  readonly tier: TierName;
  readonly startedAt: number;
  /** The command's latest output lines. */
  readonly lines: readonly string[];
  /** The command's exit code; undefined while it runs. */
  readonly exitCode?: number;
  readonly endedAt?: number;
}

/**
 * Whether the whole system has started. A runner of local processes has then printed `Up in …` and keeps running; a
 * command that starts containers has exited with code 0.
 */
export function isUp({ doing, lines, exitCode }: Launch): boolean {
  return doing === "start" && (exitCode === 0 || lines.some((line) => /^Up in /.test(line)));
}

export interface LaunchStep {
  readonly name: string;
  readonly state: "waiting" | "ready";
  readonly detail: string;
}

/** Returns the parts of the system in order of first mention, each with the runner's latest message. */
export function stepsOf({ lines }: Launch): LaunchStep[] {
  const steps = new Map<string, LaunchStep>();
  for (const line of lines) {
    const [, ready, took] = /^([\w .-]+?) on \S+, ready(?: again)? in ([\d.]+ m?s)/.exec(line) ?? [];
    const [, done, doneIn] = /^([\w-]+) done in ([\d.]+ \w+):/.exec(line) ?? [];
    const [, waiting, what] = /^Waiting for ([\w .-]+?): (.+)$/.exec(line) ?? [];
    if (done) steps.set(done, { name: done, state: "ready", detail: doneIn ?? "" });
    else if (ready) steps.set(ready, { name: ready, state: "ready", detail: took ?? "" });
    else if (waiting && steps.get(waiting)?.state !== "ready")
      steps.set(waiting, { name: waiting, state: "waiting", detail: what ?? "" });
  }
  return [...steps.values()];
}

/** A prerequisite that this machine meets or lacks, as reported by `odd-dashboard doctor`. */
export interface Prerequisite {
  readonly id: string;
  readonly name: string;
  readonly status: "OK" | "WARN" | "FAIL";
  readonly detail: string;
  readonly remedy?: string;
}

/** Returns a problem's remedy if it is a command that can be run; undefined if it is only advice. */
export function commandOf({ status, remedy }: Prerequisite): string | undefined {
  return status !== "OK" && remedy && /^(sudo |apt-get |brew |winget |npm |npx |docker )/.test(remedy)
    ? remedy
    : undefined;
}
