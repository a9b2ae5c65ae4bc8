import { watch } from "node:fs";
import { join } from "node:path";
import type { ServiceName } from "../../contracts/services.ts";
import { readSourceGraph, SourceError, type SourceGraph, servicesWith } from "./source-graph.ts";

const QUIET_MS = 200;

export interface SourceWatchOptions {
  readonly projectDir: string;
  /** Called with the services that run a changed file; `file` is the first such file. */
  onChange(services: ReadonlySet<ServiceName>, file: string): void;
  /** Called when a source cannot be parsed, once per error. */
  onFault(message: string): void;
}

/**
 * Reports which services a source change affects. Waits until no file has changed for a short time, because an editor
 * or a git command may write many files. Returns a function that ends the watch.
 */
export function watchSources({ projectDir, onChange, onFault }: SourceWatchOptions): () => void {
  const changed = new Set<string>();
  let running: SourceGraph | undefined;
  let shownFault: string | undefined;
  let timer: Timer | undefined;

  function read(): SourceGraph | undefined {
    try {
      const graph = readSourceGraph(projectDir);
      shownFault = undefined;
      return graph;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (error.message !== shownFault) onFault(error.message);
      shownFault = error.message;
      return undefined;
    }
  }

  function look(): void {
    const next = read();
    // If the sources do not parse, keep the changes until they do.
    if (!next) return;
    const graphs = running ? [running, next] : [next];
    const services = servicesWith(changed, ...graphs);
    const file = [...changed].find((one) => servicesWith(new Set([one]), ...graphs).size > 0);
    running = next;
    changed.clear();
    if (file !== undefined) onChange(services, file);
  }

  running = read();
  const watchers = ["contracts", "shared", "services"].map((folder) =>
    watch(join(projectDir, folder), { recursive: true }, (_, name) => {
      changed.add(join(folder, name ?? "").replaceAll("\\", "/"));
      clearTimeout(timer);
      timer = setTimeout(look, QUIET_MS);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
