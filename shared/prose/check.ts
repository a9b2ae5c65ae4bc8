import { join } from "node:path";
import { findSlips } from "./plain-words.ts";

/** `bun run check` runs this: sources, documents and configuration must be in plain English. */

const ROOT = join(import.meta.dir, "../..");

const WRITTEN = [
  "*.md",
  ".ci/*",
  "docs/**/*.md",
  "{contracts,shared,services,tui,web,kind,compose,tests}/**/*.{ts,tsx,css,html,md,sql,yml,yaml,sh,go,conf}",
  "{compose,tests}/**/{Dockerfile,.env.example}",
];

/** Generated, or made of the words themselves. */
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
