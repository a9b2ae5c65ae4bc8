/** Ways to run the system from here, as `odd-dashboard up --tier` names them. */
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

/** A system that this program started, or is stopping. */
export interface Launch {
  readonly doing: "start" | "stop";
  readonly tier: TierName;
  readonly startedAt: number;
  /** The last lines that it printed. */
  readonly lines: readonly string[];
  /** How the command ended; undefined while it runs. */
  readonly exitCode?: number;
  readonly endedAt?: number;
}

/** Whether everything has started: the runner prints so and keeps running; a command that starts containers exits. */
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

/** One thing that this machine has or lacks, as `odd-dashboard doctor` reports it. */
export interface Prerequisite {
  readonly id: string;
  readonly name: string;
  readonly status: "OK" | "WARN" | "FAIL";
  readonly detail: string;
  readonly remedy?: string;
}

/** Returns the remedy if it is a command to run here; undefined when it is only advice. */
export function commandOf({ status, remedy }: Prerequisite): string | undefined {
  return status !== "OK" && remedy && /^(sudo |apt-get |brew |winget |npm |npx |docker )/.test(remedy)
    ? remedy
    : undefined;
}
