import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "bun";

const PAGE = join(import.meta.dir, "page");

/** Bundles the page into a folder: index.html, one script, one style sheet, fonts and the icon. Throws with the bundler's words. */
export async function buildPage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({
    entrypoints: [join(PAGE, "main.tsx")],
    outdir: folder,
    target: "browser",
    format: "iife",
    minify: true,
    naming: { entry: "app.[ext]" },
    // Fonts stay files of their own: inside the style sheet they would need a weaker policy.
    external: ["*.woff2"],
    jsx: { runtime: "automatic", importSource: "preact", development: false },
  });
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
