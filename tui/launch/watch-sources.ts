import { watch } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES, type ServiceName } from "../../contracts/services.ts";

const quietMs = 200;

/**
 * Tells which services a change of the sources touches, once it has been quiet for a moment: an editor or a git
 * command writes many files. Gives a function that ends the watch.
 */
export function watchSources(
  projectDir: string,
  onChange: (services: ReadonlySet<ServiceName>, file: string) => void,
): () => void {
  let affected = new Set<ServiceName>();
  let first = "";
  let timer: Timer | undefined;

  const watchers = ["contracts", "shared", "services"].map((folder) =>
    watch(join(projectDir, folder), { recursive: true }, (_, name) => {
      const file = join(folder, name ?? "");
      const services = servicesOf(file);
      if (services.length === 0) return;
      if (affected.size === 0) first = file;
      for (const service of services) affected.add(service);
      clearTimeout(timer);
      timer = setTimeout(() => {
        const changed = affected;
        affected = new Set();
        onChange(changed, first);
      }, quietMs);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

/** The services that run a file of the project: their own, or all for what they share. */
export function servicesOf(file: string): readonly ServiceName[] {
  const path = file.replaceAll("\\", "/");
  if (!/\.(ts|json|sql)$|\/VERSION$/.test(path) || /\.test\.ts$|\/\.[^/]*$/.test(path)) return [];
  // Generated from the sources beside them, or never loaded by a service.
  if (/^contracts\/(schemas|fixtures|asyncapi)|^shared\/build\//.test(path)) return [];
  const owner = /^services\/([^/]+)\//.exec(path)?.[1];
  return owner === undefined ? SERVICE_NAMES : SERVICE_NAMES.filter((name) => name === owner);
}
