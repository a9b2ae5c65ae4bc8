import { SERVICE_NAMES } from "../../contracts/services.ts";

/** A program that is compiled into a standalone binary. Paths are relative to the project's root. */
export interface Binary {
  readonly name: string;
  readonly entry: string;
  /** Files that run as worker threads, which the bundler cannot discover. */
  readonly workers?: readonly string[];
}

const WORKERS = ["shared/job-types/hash-worker.ts"];

/** Every binary that `bun run build` compiles. `odd-dashboard` also contains every service. */
export const BINARIES: readonly Binary[] = [
  ...SERVICE_NAMES.map((name) => ({
    name,
    entry: `services/${name}/main.ts`,
    ...(name === "processor" && { workers: WORKERS }),
  })),
  { name: "odd-dashboard", entry: "tui/main.ts", workers: WORKERS },
];
