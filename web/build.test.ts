import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "bun";
import { buildPage } from "./build.ts";
import { PAGE_HEADERS } from "./headers.ts";

const MAX_BYTES = 120 * 1_024;
const CONF = join(import.meta.dir, "../compose/nginx/observatory.conf");

test("the page's initial download is at most 120 KB compressed and does not include the terminal", async () => {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  try {
    await buildPage(folder);
    const files = [...new Bun.Glob("*.{js,css,html,svg}").scanSync(folder)].map((name) => {
      const bytes = readFileSync(join(folder, name));
      return { name, isTerminal: bytes.includes("xterm-helper-textarea"), size: gzipSync(bytes).length };
    });
    const terminal = files.filter(({ name, isTerminal }) => isTerminal && name.endsWith(".js"));
    expect(terminal).toHaveLength(1);
    expect(terminal[0]?.name).toStartWith("chunk-");
    const size = files.filter((file) => file !== terminal[0]).reduce((sum, file) => sum + file.size, 0);
    console.log(
      `${(size / 1_024).toFixed(1)} KB, and ${((terminal[0]?.size ?? 0) / 1_024).toFixed(1)} KB on demand`,
    );
    expect(size).toBeLessThan(MAX_BYTES);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("nginx sends the same headers as the local server", () => {
  const conf = readFileSync(CONF, "utf8");
  for (const [name, value] of Object.entries(PAGE_HEADERS))
    expect(conf).toContain(
      name === "content-security-policy" ? value : `add_header ${name} ${value} always;`,
    );
});
