import { join } from "node:path";
import { findSlips } from "./plain-words.ts";

/** Checks that sources, documents and configuration are in plain English. Part of `bun run check`. */

const ROOT = join(import.meta.dir, "../..");

const WRITTEN = [
  "*.md",
  ".ci/*",
  "docs/**/*.md",
  "{contracts,shared,services,tui,web,kind,compose,tests}/**/*.{ts,tsx,css,html,md,sql,yml,yaml,sh,go,conf}",
  "{compose,tests}/**/{Dockerfile,.env.example}",
];

/** Files that are generated or that list the words themselves. */
const LEFT_OUT = ["docs/command-line.md", "kind/base/", "shared/prose/plain-words."];

let found = 0;
for (const pattern of WRITTEN) {
  for (const path of new Bun.Glob(pattern).scanSync({ cwd: ROOT, dot: true })) {
    if (LEFT_OUT.some((start) => path.startsWith(start))) continue;
    for (const { line, words, instead } of findSlips(await Bun.file(join(ROOT, path)).text())) {
      console.error(`${path}:${line}: "${words}": write ${instead}`);
      found += 1;
    }
  }
}
if (found > 0) {
  console.error(`${found} wordings to change; the list is shared/prose/plain-words.ts`);
  process.exit(1);
}
