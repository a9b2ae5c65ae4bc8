import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/** A copy of the sources, changed to act as a newer version. */
export interface NewerSources extends Disposable {
  readonly root: string;
}

export interface Change {
  /** The contents of files to add, by path from the root. */
  readonly add: Readonly<Record<string, string>>;
  /** Texts to replace, by path from the root. */
  readonly replace?: Readonly<Record<string, readonly (readonly [was: string, is: string])[]>>;
}

/** Copies the sources and applies a change. To add a job type, it is enough to add its file. */
export function newerSources({ add, replace = {} }: Change): NewerSources {
  const root = mkdtempSync(join(tmpdir(), "observatory-newer-"));
  for (const folder of ["contracts", "shared", "services", "package.json", "tsconfig.json"])
    cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  for (const [path, text] of Object.entries(add)) writeFileSync(join(root, path), text);
  for (const [path, changes] of Object.entries(replace)) {
    let text = readFileSync(join(root, path), "utf8");
    for (const [was, is] of changes) {
      if (!text.includes(was)) throw new Error(`${path} has no ${JSON.stringify(was)} to replace`);
      text = text.replace(was, is);
    }
    writeFileSync(join(root, path), text);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}
