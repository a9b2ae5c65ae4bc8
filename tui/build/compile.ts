import { join } from "node:path";
import { type Build, build } from "bun";
import type { BuildInfo } from "../../shared/build-info.ts";
import type { Binary } from "./binaries.ts";
import { listJobTypes } from "./list-job-types.ts";
import { terminalKitPlugin } from "./terminal-kit-plugin.ts";

export interface CompileOptions {
  readonly projectDir: string;
  readonly outFile: string;
  readonly info: BuildInfo;
  /** The platform to compile for, such as bun-linux-arm64; default: this machine's. */
  readonly target?: string;
}

/** Compiles one program and everything it reads into a standalone binary. Throws the bundler's messages on failure. */
export async function compile(
  { entry, workers = [] }: Binary,
  { projectDir, outFile, info, target }: CompileOptions,
): Promise<void> {
  await build({
    entrypoints: [entry, ...workers].map((path) => join(projectDir, path)),
    root: projectDir,
    target: "bun",
    format: "esm",
    plugins: [listJobTypes, terminalKitPlugin],
    // Bytecode makes the binary 5 MB larger and halves its start time, which matters because each health check of a
    // container starts the binary.
    bytecode: true,
    // Identifiers are not shortened, because they appear in stack traces, and because Elysia reads the source text of
    // its handlers.
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: { ODTO_BUILD: JSON.stringify(info) },
    compile: {
      outfile: outFile,
      // Settings come only from the environment, never from a file that happens to be in the current folder.
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(target && { target: target as Build.CompileTarget }),
    },
  });
}
