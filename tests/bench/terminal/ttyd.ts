import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../../shared/errors.ts";
import { userCache } from "../../../tui/engines/user-cache.ts";
import { isDebian, unpackPackages } from "../../containers/debian.ts";

/** How to run ttyd: the command before its options, and its environment. */
export interface Ttyd {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly version: string;
}

/** The first Debian release with a package of ttyd. */
const RELEASE = "sid";

/** Finds ttyd on the PATH, or unpacks Debian's package into the user's cache. Throws if neither works. */
export async function findTtyd(say: (line: string) => void): Promise<Ttyd> {
  const own = Bun.which("ttyd");
  if (own) return withVersion({ command: [own], env: {} });
  if (!isDebian() || process.arch !== "x64")
    throw new Error("ttyd is not on the PATH, so the report has no ttyd column; try: brew install ttyd");
  const root = join(userCache(), "ttyd");
  const libraries = join(root, "usr/lib/x86_64-linux-gnu");
  const plugins = join(root, "plugins");
  if (!existsSync(plugins)) {
    say("fetching ttyd from Debian");
    mkdirSync(root, { recursive: true });
    try {
      await unpackPackages(["ttyd"], root, `${root}.apt`, { release: RELEASE, withDependencies: true });
    } catch (cause) {
      throw new Error(
        `ttyd is not on the PATH and apt cannot fetch it, so the report has no ttyd column: ${messageOf(cause)}`,
      );
    }
    // The plugin has its own folder, because the terminal's command inherits LD_LIBRARY_PATH and must not find the
    // unpacked C library.
    mkdirSync(plugins);
    cpSync(join(libraries, "libwebsockets-evlib_uv.so"), join(plugins, "libwebsockets-evlib_uv.so"));
  }
  const loader = [join(libraries, "ld-linux-x86-64.so.2"), "--library-path", libraries];
  return withVersion({ command: [...loader, join(root, "usr/bin/ttyd")], env: { LD_LIBRARY_PATH: plugins } });
}

function withVersion(ttyd: Omit<Ttyd, "version">): Ttyd {
  const { stdout } = Bun.spawnSync([...ttyd.command, "--version"], { env: { ...process.env, ...ttyd.env } });
  return {
    ...ttyd,
    version: stdout
      .toString()
      .trim()
      .replace(/^ttyd version /, ""),
  };
}
