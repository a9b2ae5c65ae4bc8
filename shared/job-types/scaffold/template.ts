/** Returns the source of a new job type, which is small, complete, and meant to be edited. */
export function jobTypeText(name: string): string {
  return `import { Type } from "@sinclair/typebox";
import { defineJobType } from "./define.ts";

export default defineJobType({
  name: "${name}",
  version: "1.0.0",
  description: "Greets a person by name: a template for your own job type",
  payload: Type.Object({ name: Type.String({ maxLength: 100 }) }, { additionalProperties: false }),
  example: { name: "Ada" },
  badExamples: [{ name: "Ada", title: "Countess" }],
  retry: { maxAttempts: 3, baseMs: 500, capMs: 10_000 },
  deadlineMs: 5_000,
  async run({ name }, { log }) {
    log(\`Greeting \${name}\`);
    return { greeting: \`Hello, \${name}\` };
  },
});
`;
}

/** Returns the source of a new job type's test, which runs the type's example. */
export function jobTypeTestText(name: string): string {
  // The formatter expects imports in alphabetical order.
  const imports = [`import jobType from "./${name}.ts";`, `import { tryOut } from "./try-out.ts";`];
  if (name > "try-out") imports.reverse();
  return `import { expect, test } from "bun:test";
${imports.join("\n")}

test("greets the person named in the example payload", async () => {
  const { result, lines } = await tryOut(jobType, jobType.example);
  expect(result).toEqual({ greeting: "Hello, Ada" });
  expect(lines).toEqual(["Greeting Ada"]);
});
`;
}
