import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { createCommandLine, UsageError } from "../../shared/command-line.ts";
import { messageOf } from "../../shared/errors.ts";
import { buildPage } from "../../web/build.ts";
import { BINARIES, type Binary } from "./binaries.ts";
import { compile } from "./compile.ts";
import { readProvenance } from "./provenance.ts";

const PROJECT = join(import.meta.dir, "../..");

const TARGETS =
  "bun-linux-x64, bun-linux-arm64, bun-linux-x64-baseline, bun-linux-x64-musl, bun-darwin-x64, bun-darwin-arm64, bun-windows-x64";

async function main(): Promise<number> {
  const command = createCommandLine(
    "bun run build",
    "Compiles standalone binaries to dist/, and the page to dist/web/. odd-dashboard also contains every service: `odd-dashboard service gateway` runs the gateway.",
  )
    .argument(
      "[name...]",
      `any of ${BINARIES.map(({ name }) => name).join(", ")}; default: all of them, and the page`,
    )
    .option("--target <target>", `compile for another platform, into dist/TARGET/: ${TARGETS}`)
    .option("--out <folder>", "the folder to write to instead of dist/")
    .addHelpText(
      "after",
      "\nIf set, COMMIT and SOURCE_DATE_EPOCH are the commit and the build time that `--version` shows.",
    )
    .parse();
  const [names] = command.processedArgs;
  const { target, out } = command.opts();
  const folder = join(resolve(out ?? join(PROJECT, "dist")), target ?? "");
  mkdirSync(folder, { recursive: true });
  const info = readProvenance(PROJECT);
  console.log(`Compiling commit ${info.commit} for ${target ?? `${process.platform}-${process.arch}`}`);

  let bytes = 0;
  const binaries = chosen(names);
  for (const binary of binaries) {
    const startedAt = performance.now();
    const outFile = join(
      folder,
      binary.name + (/win(dows|32)/.test(target ?? process.platform) ? ".exe" : ""),
    );
    await compile(binary, { projectDir: PROJECT, outFile, info, target });
    const { size } = statSync(outFile);
    bytes += size;
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    console.log(`  ${binary.name.padEnd(16)} ${megabytes(size)}  ${seconds} s`);
    if (!target) await mustPrintItsVersion(binary, outFile);
  }
  console.log(`${binaries.length} binaries, ${megabytes(bytes)}, in ${folder}`);
  if (names.length === 0) {
    await buildPage(join(folder, "web"));
    console.log(`The page is in ${join(folder, "web")}`);
  }
  return 0;
}

function chosen(names: readonly string[]): readonly Binary[] {
  const unknown = names.find((name) => !BINARIES.some((binary) => binary.name === name));
  if (unknown) throw new UsageError(`There is no binary ${unknown}; see bun run build --help`);
  return names.length === 0 ? BINARIES : BINARIES.filter(({ name }) => names.includes(name));
}

/** Throws unless a binary built for this machine starts and prints its version. */
async function mustPrintItsVersion({ name }: Binary, file: string): Promise<void> {
  const child = Bun.spawn([file, "--version"], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [printed, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0 || !printed.startsWith(`${name} `))
    throw new Error(`${file} --version printed ${JSON.stringify(printed + complaints)}`);
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1).padStart(6)} MB`;

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`Could not build. ${messageOf(error)}`);
  process.exitCode = 1;
}
