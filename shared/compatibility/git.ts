/** Thrown if the comparison cannot be made. The message says why and, if known, what to do. */
export class GateError extends Error {
  override readonly name = "GateError";
}

/** The commit to compare with, its name in the output, and a note on how it was chosen. */
export interface Reference {
  readonly name: string;
  readonly commit: string;
  readonly note?: string;
}

/** Branches that may be the main line, in order of preference. */
const MAIN_LINES = ["origin/HEAD", "origin/main", "origin/master", "main", "master"];

/**
 * Resolves the requested ref to a commit. The default is the last release tag, or without one the commit where this
 * branch left the main line. On the main line itself, it is the commit before `folder` last changed, so that a change
 * is still compared after it has been committed.
 */
export async function pickReference(cwd: string, folder: string, asked?: string): Promise<Reference> {
  const inside = await git(cwd, "rev-parse", "--is-inside-work-tree");
  if (inside.code !== 0 || inside.out.trim() !== "true") {
    throw new GateError(
      `${cwd} is not a git working tree; run this in a clone of the project (git: ${inside.err.trim()})`,
    );
  }
  const shallow = (await git(cwd, "rev-parse", "--is-shallow-repository")).out.trim() === "true";
  if (asked !== undefined) return { name: asked, commit: await commitOf(cwd, asked, shallow) };
  const described = await git(cwd, "describe", "--tags", "--abbrev=0", "--match", "v*");
  const tag = described.out.trim();
  if (described.code === 0 && tag !== "") return { name: tag, commit: await commitOf(cwd, tag, shallow) };
  if (shallow) {
    // The missing history may contain a release tag. Comparing with HEAD instead would accept any committed change.
    throw new GateError(
      "this clone is shallow and holds no release tag; run git fetch --unshallow --tags, or name a ref with --against",
    );
  }
  return (await branchPoint(cwd)) ?? (await stateBefore(cwd, folder));
}

/** Returns the commit where this branch left the main line; undefined on the main line or if no main line exists. */
async function branchPoint(cwd: string): Promise<Reference | undefined> {
  const head = await commitOf(cwd, "HEAD", false);
  for (const line of MAIN_LINES) {
    const { code, out } = await git(cwd, "merge-base", line, "HEAD");
    const commit = out.trim();
    if (code !== 0 || commit === head) continue;
    const note = `No release tag (v*) yet: comparing with the merge base of ${line}`;
    return { name: commit.slice(0, 12), commit, note };
  }
  return undefined;
}

async function stateBefore(cwd: string, folder: string): Promise<Reference> {
  const last = (await git(cwd, "log", "-1", "--first-parent", "--format=%H", "--", folder)).out.trim();
  const { code, out } = await git(cwd, "rev-parse", "--verify", "--quiet", `${last}^`);
  const commit = out.trim();
  if (last !== "" && code === 0) {
    const note = `No release tag (v*) yet, and this is the main line: comparing with the commit before ${folder} last changed`;
    return { name: commit.slice(0, 12), commit, note };
  }
  const note = "No release tag (v*) and no earlier commit yet: comparing with HEAD";
  return { name: "HEAD", commit: await commitOf(cwd, "HEAD", false), note };
}

async function commitOf(cwd: string, ref: string, shallow: boolean): Promise<string> {
  const { code, out } = await git(cwd, "rev-parse", "--verify", "--quiet", `${ref}^{commit}`);
  if (code === 0) return out.trim();
  const remedy = shallow
    ? "this clone is shallow, so run git fetch --unshallow --tags first"
    : "list the choices with git tag and git branch --all, or fetch it with git fetch --tags";
  throw new GateError(`no commit is known as ${ref}; ${remedy}`);
}

/** Lists the file names in a folder as of a commit; empty if the folder did not exist. */
export async function namesAt(cwd: string, commit: string, folder: string): Promise<string[]> {
  const out = await mustRun(cwd, "ls-tree", "--name-only", "-z", commit, `${folder}/`);
  return out.split("\0").flatMap((path) => (path === "" ? [] : [path.slice(folder.length + 1)]));
}

/** Reads a file as of a commit; the path is relative to `cwd`. */
export async function textAt(cwd: string, commit: string, path: string): Promise<string> {
  return mustRun(cwd, "show", `${commit}:./${path}`);
}

async function mustRun(cwd: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await git(cwd, ...args);
  if (code !== 0) throw new GateError(`git ${args.join(" ")} failed with ${code}: ${err.trim()}`);
  return out;
}

async function git(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const started = start(cwd, args);
  const [out, err, code] = await Promise.all([
    new Response(started.stdout).text(),
    new Response(started.stderr).text(),
    started.exited,
  ]);
  return { code, out, err };
}

function start(cwd: string, args: readonly string[]) {
  try {
    return Bun.spawn(["git", ...args], { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new GateError("git is not on the PATH; install it, for example with apt-get install git", {
      cause,
    });
  }
}
