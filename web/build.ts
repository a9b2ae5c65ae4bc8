import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BuildConfig, build } from "bun";

const PAGE = join(import.meta.dir, "page");

const COMMON = {
  target: "browser",
  minify: true,
  // Fonts stay separate files. Inlining them in the style sheet would require a weaker content security policy.
  external: ["*.woff2"],
  jsx: { runtime: "automatic", importSource: "preact", development: false },
} as const satisfies Partial<BuildConfig>;

/**
 * Bundles the page into a folder: index.html, app.js with its style sheet, the terminal as a chunk loaded on demand,
 * the script that sets the theme before the first paint, the fonts and the icon. Rejects with the bundler's error.
 * `sourceMaps` writes source maps beside the scripts, for measuring coverage.
 */
export async function buildPage(folder: string, { sourceMaps = false } = {}): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const sourcemap = sourceMaps ? "external" : "none";
  await build({
    ...COMMON,
    entrypoints: [join(PAGE, "main.tsx")],
    outdir: folder,
    format: "esm",
    splitting: true,
    sourcemap,
    naming: { entry: "app.[ext]", chunk: "chunk-[hash].[ext]" },
  });
  // A module would run after the document is parsed, which is too late to set the theme.
  await build({ ...COMMON, entrypoints: [join(PAGE, "first-paint.ts")], outdir: folder, format: "iife" });
  for (const file of ["index.html", "icon.svg"]) cpSync(join(PAGE, file), join(folder, file));
  for (const weight of [400, 700]) {
    const font = `@fontsource/jetbrains-mono/files/jetbrains-mono-latin-${weight}-normal.woff2`;
    cpSync(Bun.resolveSync(font, import.meta.dir), join(folder, `jetbrains-mono-${weight}.woff2`));
  }
}

if (import.meta.main) {
  const folder = join(import.meta.dir, "../dist/web");
  await buildPage(folder);
  console.log(`Bundled the page into ${folder}`);
}
