import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../../shared/run-tool.ts";

/**
 * The Debian release from which the stand-in images and the Compose plugin are built. It is the first with RabbitMQ 4.
 */
export const RELEASE = "trixie";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

export const isDebian = () =>
  existsSync("/etc/os-release") && /^ID(_LIKE)?=.*debian/m.test(readFileSync("/etc/os-release", "utf8"));

/** Installs packages with apt, but only as root on Debian in CI; otherwise throws an error with the command to run. */
export async function installPackages(names: readonly string[], say: (line: string) => void): Promise<void> {
  const command = `apt-get install --no-install-recommends ${names.join(" ")}`;
  if (!isDebian() || process.getuid?.() !== 0 || !process.env.CI) throw new Error(`try: ${command}`);
  say(`installing ${names.join(", ")} with apt`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await runTool(["apt-get", "-qq", "update"], { env });
  await runTool(["apt-get", "-qq", "-y", "install", "--no-install-recommends", ...names], { env });
}

/** Returns the archive that this machine installs from, so that a configured mirror is used. */
export function archive(): string {
  for (const file of globSync("/etc/apt/{sources.list,sources.list.d/*.{list,sources}}")) {
    const uri = /^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(\S+\/debian)\/?(?:\s|$)/m.exec(
      readFileSync(file, "utf8"),
    )?.[1];
    if (uri) return uri;
  }
  return "http://deb.debian.org/debian";
}

/**
 * Unpacks packages into a folder without installing them; apt checks their signatures. Packages unpacked with their
 * dependencies also run on other releases.
 */
export async function unpackPackages(
  names: readonly string[],
  into: string,
  work: string,
  { release = RELEASE, withDependencies = false }: { release?: string; withDependencies?: boolean } = {},
): Promise<void> {
  rmSync(work, { recursive: true, force: true });
  for (const folder of ["lists/partial", "archives/partial", "debs"])
    mkdirSync(join(work, folder), { recursive: true });
  const sources = join(work, "release.sources");
  writeFileSync(
    sources,
    [
      "Types: deb",
      `URIs: ${archive()}`,
      `Suites: ${release}`,
      "Components: main",
      `Signed-By: ${KEYRING}`,
      "",
    ].join("\n"),
  );
  const options = {
    "Dir::State": work,
    "Dir::State::lists": join(work, "lists"),
    "Dir::State::status": "/dev/null",
    "Dir::Cache": work,
    "Dir::Etc::sourcelist": sources,
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::Etc::preferencesparts": "/dev/null",
    // apt's download user may not be able to enter this folder.
    "APT::Sandbox::User": "root",
  };
  const apt = [
    "apt-get",
    "-qq",
    ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]),
  ];
  await runTool([...apt, "update"]);
  if (withDependencies)
    await runTool([...apt, "--yes", "--no-install-recommends", "--download-only", "install", ...names]);
  else await runTool([...apt, "download", ...names], { cwd: join(work, "debs") });
  for (const deb of globSync(join(work, "{archives,debs}", "*.deb")))
    await runTool(["dpkg-deb", "-x", deb, into]);
  rmSync(work, { recursive: true, force: true });
}
