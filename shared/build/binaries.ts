/** A program that is compiled to a standalone binary. Paths are from the project's root. */
export interface Binary {
  readonly name: string;
  readonly entry: string;
  /** Files that run as threads of it: the bundler cannot see that they are started. */
  readonly workers?: readonly string[];
}

/** Every binary of `bun run build`. */
export const BINARIES: readonly Binary[] = [
  { name: "gateway", entry: "services/gateway/main.ts" },
  { name: "processor", entry: "services/processor/main.ts", workers: ["shared/job-types/hash-worker.ts"] },
  { name: "metrics-engine", entry: "services/metrics-engine/main.ts" },
  { name: "read-model", entry: "services/read-model/main.ts" },
];
