import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const COMMAND = resolve(import.meta.dir, "check.ts");
const SCHEMAS = "contracts/schemas";

let root: string;
let repository: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "contracts-check-"));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  repository = await mkdtemp(join(root, "repository-"));
  await git("init", "--quiet", "--initial-branch=main");
  await writeSchema("job", job("1.0.0"));
  await writeSchema("list", {
    $id: idOf("list"),
    $version: "1.0.0",
    type: "array",
    items: { $ref: idOf("job") },
  });
  await commit("first");
});

describe("a valid set of schemas", () => {
  test("passes when nothing changed", async () => {
    const { code, out } = await check("--against", "HEAD");
    expect(out).toBe(
      "contracts/schemas (2 schemas) against HEAD (2)\n0 changes, 0 breaking, 0 compatible; no violation\n",
    );
    expect(code).toBe(0);
  });

  test("passes when every change comes with a matching version bump", async () => {
    await writeSchema("job", job("2.0.0", { rounds: { type: "string" } }));
    const { code, out } = await check("--against=HEAD");
    expect(out).toContain(
      "breaking    job  #/properties/payload/properties/rounds  type-changed: was integer, is string",
    );
    expect(out).toContain("1 change, 1 breaking, 0 compatible; no violation");
    expect(code).toBe(0);
  });

  test("passes when a schema is added, at any version", async () => {
    await writeSchema("alert", { $id: idOf("alert"), $version: "1.0.0", type: "object" });
    const { code, out } = await check();
    expect(out).toContain("compatible  alert  #  schema-added");
    expect(code).toBe(0);
  });
});

describe("a change without a matching version bump", () => {
  test("fails once, naming the changed schema, the path and the rule", async () => {
    await writeSchema("job", job("1.9.0", { rounds: { type: "integer", minimum: 2 } }));
    const { code, out } = await check("--against", "HEAD");
    const lines = out.trim().split("\n").slice(1);
    expect(lines).toEqual([
      "VIOLATION   job  #/properties/payload/properties/rounds  minimum-raised: was 1, is 2; " +
        "breaking, so $version 1.9.0 must be at least 2.0.0",
      "1 change, 1 breaking, 0 compatible; 1 violation",
    ]);
    expect(code).toBe(1);
  });

  test("fails when a schema admits more without a new minor version", async () => {
    await writeSchema("job", job("1.0.1", { rounds: { type: "number", minimum: 1 } }));
    const { code, out } = await check("--against", "HEAD");
    expect(out).toContain("VIOLATION   job  #/properties/payload/properties/rounds  type-widened");
    expect(code).toBe(1);
  });

  test("passes when a job type is removed, because no file is left to carry a version", async () => {
    await writeSchema("job-type.greet", { $id: idOf("job-type.greet"), $version: "1.0.0", type: "object" });
    await commit("a job type");
    await rm(join(repository, SCHEMAS, "job-type.greet.json"));
    const { code, out } = await check("--against", "HEAD");
    expect(out).toContain("breaking    job-type.greet  #  job-type-removed");
    expect(code).toBe(0);
  });

  test("fails for a removed schema and for a malformed version", async () => {
    await rm(join(repository, SCHEMAS, "list.json"));
    await writeSchema("job", job("one"));
    const { code, out } = await check("--against", "HEAD");
    expect(out).toContain("VIOLATION   list  #  schema-removed");
    expect(out).toContain(
      'VIOLATION   job  #/$version  version-malformed: is "one", wanted MAJOR.MINOR.PATCH',
    );
    expect(code).toBe(1);
  });
});

describe("the default commit to compare with", () => {
  test("is the last release tag, rather than HEAD or a tag of another kind", async () => {
    await git("tag", "v1.0.0");
    await writeSchema("job", job("1.0.0", { rounds: { type: "integer", minimum: 2 } }));
    await commit("second");
    await git("tag", "nightly");
    const { code, out } = await check();
    expect(out).toContain("against v1.0.0 (2)");
    expect(out).toContain("minimum-raised");
    expect(code).toBe(1);
    expect((await check("--against", "HEAD")).code).toBe(0);
  });

  test("without a tag, is the merge base with the main line, so a committed breaking change still fails", async () => {
    await git("switch", "--quiet", "--create", "branch");
    await writeSchema("job", job("1.0.0", { rounds: { type: "integer", minimum: 2 } }));
    await commit("breaks");
    await commit("something else");
    const { code, out } = await check();
    expect(out).toStartWith("No release tag (v*) yet: comparing with the merge base of main");
    expect(out).toContain("VIOLATION   job  #/properties/payload/properties/rounds  minimum-raised");
    expect(code).toBe(1);
  });

  test("on the main line of a clone, is the merge base with the remote's main line", async () => {
    const clone = join(root, `clone-${crypto.randomUUID()}`);
    await git("clone", "--quiet", `file://${repository}`, clone);
    repository = clone;
    await writeSchema("job", job("1.0.0", { rounds: { type: "string" } }));
    await commit("breaks");
    const { code, out } = await check();
    expect(out).toContain("comparing with the merge base of origin/HEAD");
    expect(code).toBe(1);
  });

  test("on the main line itself, is the commit before the schemas last changed", async () => {
    await writeSchema("job", job("1.0.0", { rounds: { type: "integer", minimum: 2 } }));
    await commit("breaks");
    await commit("something else");
    const { code, out } = await check();
    expect(out).toContain("comparing with the commit before contracts/schemas last changed");
    expect(out).toContain("minimum-raised");
    expect(code).toBe(1);
  });

  test("is HEAD if there is no earlier commit, and the output says so", async () => {
    const { code, out } = await check();
    expect(out).toStartWith("No release tag (v*) and no earlier commit yet: comparing with HEAD");
    expect(code).toBe(0);
  });

  test("may contain no schemas at all", async () => {
    await git("rm", "--quiet", "-r", "--cached", SCHEMAS);
    await git("commit", "--quiet", "--allow-empty", "-m", "none");
    const { code, out } = await check("--against", "HEAD");
    expect(out).toContain("against HEAD (0)");
    expect(out).toContain("2 changes, 0 breaking, 2 compatible; no violation");
    expect(code).toBe(0);
  });
});

describe("a comparison that cannot be made", () => {
  test.each([
    ["an unknown argument", ["--agains", "HEAD"], "Unknown option --agains; did you mean --against?"],
    ["no ref", ["--against"], "Option '--against <ref>' argument missing"],
    ["an option for a ref", ["--against", "--all"], "Expected a tag, branch or commit"],
    ["two refs", ["--against", "HEAD", "--against", "HEAD"], "The option is repeated"],
    [
      "an unknown ref",
      ["--against", "v9.9.9"],
      "no commit is known as v9.9.9; list the choices with git tag",
    ],
  ])("explains what is wrong with the arguments: %s", async (_name, args, message) => {
    const { code, out, err } = await check(...args);
    expect(err).toContain(message);
    expect(out).toBe("");
    expect(code).toBe(2);
  });

  test("says which file is not JSON", async () => {
    await writeFile(join(repository, SCHEMAS, "job.json"), "{ oh");
    const { code, err } = await check("--against", "HEAD");
    expect(err).toContain("contracts/schemas/job.json is not JSON");
    expect(code).toBe(2);
  });

  test("says how to export the schemas if they are missing", async () => {
    await rm(join(repository, SCHEMAS), { recursive: true });
    const { code, err } = await check("--against", "HEAD");
    expect(err).toContain(
      "cannot list contracts/schemas (ENOENT); write the schemas with bun run contracts:export",
    );
    expect(code).toBe(2);
  });

  test("says that a shallow clone without a release tag must be unshallowed", async () => {
    await commit("second");
    const clone = join(root, `clone-${crypto.randomUUID()}`);
    await git("clone", "--quiet", "--depth=1", `file://${repository}`, clone);
    repository = clone;
    const { code, err } = await check();
    expect(err).toContain("this clone is shallow and holds no release tag; run git fetch --unshallow --tags");
    expect(code).toBe(2);
    expect((await check("--against", "HEAD")).code).toBe(0);
  });

  test("says that it needs a git working tree", async () => {
    await rm(join(repository, ".git"), { recursive: true });
    const { code, err } = await check();
    expect(err).toContain("is not a git working tree");
    expect(code).toBe(2);
  });

  test("says that git is not installed", async () => {
    const { code, err } = await run([process.execPath, COMMAND], { PATH: root });
    expect(err).toContain("git is not on the PATH; install it");
    expect(code).toBe(2);
  });
});

test("--help explains the command", async () => {
  const { code, out } = await check("--help");
  expect(out).toContain("--against <ref>");
  expect(code).toBe(0);
});

function idOf(name: string): string {
  return `https://task-observatory.dev/schemas/${name}.json`;
}

function job(version: string, payload: object = { rounds: { type: "integer", minimum: 1 } }): object {
  return {
    $id: idOf("job"),
    $version: version,
    type: "object",
    properties: { payload: { type: "object", properties: payload } },
  };
}

async function writeSchema(name: string, schema: object): Promise<void> {
  await mkdir(join(repository, SCHEMAS), { recursive: true });
  await writeFile(join(repository, SCHEMAS, `${name}.json`), JSON.stringify(schema, null, 2));
}

async function commit(message: string): Promise<void> {
  await git("add", ".");
  await git("commit", "--quiet", "--allow-empty", "-m", message);
}

async function git(...args: string[]): Promise<void> {
  const identity = [
    "-c",
    "user.name=Test",
    "-c",
    "user.email=test@example.org",
    "-c",
    "commit.gpgsign=false",
  ];
  const { code, err } = await run(["git", ...identity, ...args]);
  if (code !== 0) throw new Error(`git ${args.join(" ")} failed with ${code}: ${err}`);
}

function check(...args: string[]) {
  return run([process.execPath, COMMAND, ...args]);
}

/** Runs a command in the repository, isolated from the user's settings and from an outer git (as in a hook). */
async function run(command: string[], changed: Record<string, string> = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const started = Bun.spawn(command, {
    cwd: repository,
    env: {
      ...Object.fromEntries(inherited),
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CEILING_DIRECTORIES: root,
      ...changed,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(started.stdout).text(),
    new Response(started.stderr).text(),
    started.exited,
  ]);
  return { out, err, code };
}
