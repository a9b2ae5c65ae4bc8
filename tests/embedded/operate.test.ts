import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const ROOT = join(import.meta.dir, "../..");
const page = readFileSync(join(ROOT, "docs/operate.md"), "utf8");

/** The commands in the order of the document, each with the output shown below it. */
const steps = [...page.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, text = ""]) =>
  text
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = "", ...answer] = step.trimEnd().split("\n");
      return { command, answer };
    }),
);

behavior("the commands in docs/operate.md", {}, (world) => {
  test("print the output shown there when run one after the other", async () => {
    const ids = new Map<string, string>();
    expect(steps.length).toBeGreaterThan(8);
    for (const { command, answer } of steps)
      await eventually(() => answers(command, answer, ids), {
        what: `${command} to print what docs/operate.md shows`,
      });
  });

  /**
   * Runs a command with this system's ids in place of the document's, and records ids that it prints for the first
   * time.
   */
  async function answers(
    command: string,
    answer: readonly string[],
    ids: Map<string, string>,
  ): Promise<boolean> {
    const own = command.replace(/\b[0-9a-f]{8}\b/g, (id) => ids.get(id) ?? id);
    const child = Bun.spawn(["sh", "-c", own.replace(/^bun run/, "bun run --silent")], {
      cwd: ROOT,
      env: { ...process.env, GATEWAY_URL: world().gateway(), READ_MODEL_URL: world().readModel() },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [printed, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    await child.exited;
    const { pattern, learned } = patternOf(answer, ids);
    const match = pattern.exec(printed.trimEnd());
    if (!match) throw new Error(`${own} printed:\n${printed}${complaint}\nwanted:\n${answer.join("\n")}`);
    for (const [index, id] of learned.entries()) ids.set(id, match[index + 1] ?? "");
    return true;
  }
});

/**
 * Turns the document's output into a pattern. `…` matches any text, spaces match any number of spaces, and an id that
 * is not in `ids` yet matches any id.
 */
function patternOf(answer: readonly string[], ids: ReadonlyMap<string, string>) {
  const learned: string[] = [];
  const source = answer
    .join("\n")
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("…", "[\\s\\S]*")
    .replace(/ +/g, " +")
    .replace(/\b[0-9a-f]{8}\b/g, (id) => {
      const known = ids.get(id);
      if (known) return known;
      learned.push(id);
      return "([0-9a-f]{8})";
    });
  return { pattern: new RegExp(`^${source}$`), learned };
}
