import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import { archive, installPackages, RELEASE } from "./debian.ts";

const PACKAGES = [
  "rabbitmq-server",
  "postgresql-17",
  "redis-server",
  "prometheus",
  "prometheus-alertmanager",
  "prometheus-postgres-exporter",
  "prometheus-redis-exporter",
  "nginx-light",
  "wget",
  "tzdata",
];

/**
 * Files in the base image besides the packages. The name of the image contains their hash, so a change to any of them
 * creates a new base.
 */
const FILES: Readonly<Record<string, string>> = {
  // Keeps packages from starting services during their installation.
  "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
  "etc/postgresql-common/createcluster.conf": "create_main_cluster = false\n",
  // An image needs neither synced writes during its build nor manual pages.
  "etc/dpkg/dpkg.cfg.d/lean":
    "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n",
  // Every cluster node unpacks the base, so it should be small. Removing LLVM saves 150 MB and only disables JIT
  // compilation in PostgreSQL. Half of the other files are manuals, translations, and Perl and Python libraries that no
  // server uses.
  "tmp/lean.sh": `rm -rf /usr/lib/postgresql/17/lib/llvmjit* /usr/lib/postgresql/17/lib/bitcode
rm -f /usr/lib/*-linux-gnu/libLLVM* /usr/lib/*-linux-gnu/libz3*
rm -rf /usr/share/{locale,i18n,doc,man,javascript,nodejs,perl,perl5} /usr/lib/*-linux-gnu/perl /usr/lib/python3* /usr/bin/python3*
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /var/lib/postgresql /var/lib/rabbitmq/* /var/lib/prometheus
ln -sf prometheus-alertmanager /usr/bin/alertmanager
`,
};

const key = createHash("sha256")
  .update(JSON.stringify([RELEASE, PACKAGES, FILES]))
  .digest("hex")
  .slice(0, 12);

/**
 * The base image of every stand-in (an image that the tests build in place of an official one). The name contains a
 * hash of the recipe, so a changed recipe never uses an older base.
 */
export const BASE_IMAGE = `task-observatory/stand-in-base:${RELEASE}-${key}`;

/** Builds the base from Debian packages, which takes about 90 s, unless the engine already has it. */
export async function ensureBase(
  env: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<void> {
  const known = Bun.spawnSync(["docker", "image", "inspect", BASE_IMAGE], {
    env,
    stdout: "ignore",
    stderr: "ignore",
  });
  if (known.success) return;
  if (!Bun.which("debootstrap")) await installPackages(["debootstrap"], say);

  const work = mkdtempSync(join(tmpdir(), "observatory-base-"));
  const root = join(work, "root");
  try {
    say(`unpacking Debian ${RELEASE}`);
    await runTool([
      "debootstrap",
      "--variant=minbase",
      "--include=ca-certificates",
      RELEASE,
      root,
      archive(),
    ]);
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text, { mode: 0o755 });
    }
    cpSync("/etc/resolv.conf", join(root, "etc/resolv.conf"), { dereference: true });
    say(`installing ${PACKAGES.join(", ")}`);
    const inside = {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
    };
    await runTool(["chroot", root, "apt-get", "-qq", "update"], inside);
    await runTool(
      ["chroot", root, "apt-get", "-qq", "-y", "install", "--no-install-recommends", ...PACKAGES],
      inside,
    );
    await runTool(["chroot", root, "bash", "-e", "/tmp/lean.sh"], inside);
    await runTool(["sh", "-c", 'tar -C "$0" -c . | docker import - "$1" >/dev/null', root, BASE_IMAGE], {
      env,
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
