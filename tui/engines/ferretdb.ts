import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTool } from "../../shared/run-tool.ts";
import { findProgram } from "./locate.ts";
import { userCache } from "./user-cache.ts";

export const FERRETDB_VERSION = "1.24.0";

const source = fileURLToPath(new URL("./ferretdb", import.meta.url));

/** Returns the cached FerretDB server's path. The first call builds the server with Go in 1–2 minutes on two cores. */
export async function ferretdbBinary({
  signal,
  onProgress,
}: {
  signal?: AbortSignal;
  onProgress?(line: string): void;
} = {}): Promise<string> {
  const binary = join(cacheFolder(), `ferretdb-${sourceKey()}${process.platform === "win32" ? ".exe" : ""}`);
  if (existsSync(binary)) return binary;
  const go = findProgram("go");
  if (!go) throw new Error("Could not build FerretDB: Go is not on the PATH");

  mkdirSync(cacheFolder(), { recursive: true });
  // Builds under a unique name and renames the result, so concurrent builds never see a half-written file.
  const unfinished = `${binary}.${process.pid}`;
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  onProgress?.(
    `building FerretDB ${FERRETDB_VERSION} with Go, on first use only; this takes a minute or two`,
  );
  const timer = setInterval(
    () => onProgress?.(`building FerretDB ${FERRETDB_VERSION}: ${seconds()} s so far`),
    15_000,
  );
  try {
    // Omitting the PostgreSQL backend, debug symbols and source paths halves the size and the build time.
    const flags = [
      "-mod=readonly",
      "-buildvcs=false",
      "-trimpath",
      "-tags=ferretdb_no_postgresql",
      "-ldflags=-s -w",
    ];
    await runTool([go, "build", ...flags, "-o", unfinished, "."], {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: "0" },
      signal,
    });
  } finally {
    clearInterval(timer);
  }
  chmodSync(unfinished, 0o755);
  renameSync(unfinished, binary);
  onProgress?.(`built FerretDB ${FERRETDB_VERSION} in ${seconds()} s`);
  return binary;
}

/** Whether FerretDB has already been built. */
export function isFerretdbCached(): boolean {
  return existsSync(join(cacheFolder(), `ferretdb-${sourceKey()}`));
}

const cacheFolder = () => join(userCache(), `ferretdb-${FERRETDB_VERSION}`);

function sourceKey(): string {
  const hash = createHash("sha256");
  for (const name of ["main.go", "go.mod", "go.sum"]) hash.update(readFileSync(join(source, name)));
  return hash.digest("hex").slice(0, 8);
}
