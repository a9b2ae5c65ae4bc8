import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import { userCache } from "../../tui/engines/user-cache.ts";
import { archive, installPackages } from "../containers/debian.ts";
import { goPrograms, MODULE_NAMES, type ModuleName, type Work } from "./go-programs.ts";
import { NODE_RELEASE, VERSIONS } from "./versions.ts";

const RECIPE = join(import.meta.dir, "node");
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const PACKAGES = [
  ...["systemd", "systemd-sysv", "dbus", "kmod", "mount", "procps", "util-linux", "ca-certificates", "curl"],
  ...["iptables", "nftables", "iproute2", "ethtool", "conntrack"],
  ...["runc", "containerd", "containernetworking-plugins"],
];
const BASE = `task-observatory/node-base:${NODE_RELEASE}-${sha256(PACKAGES.join()).slice(0, 12)}`;
const BARE_NODE = "task-observatory/node:bare";
const NODE_AGENT = "task-observatory/node-agent:kept";

export type Env = Readonly<Record<string, string | undefined>>;

/** Folders of built programs, by module. */
export type Programs = Readonly<Record<ModuleName, string>>;

/** Builds a node image from Debian packages and Go modules. Its tag contains a hash of the recipe. */
export async function buildNodeImage(env: Env, work: Work): Promise<{ image: string; programs: Programs }> {
  // In parallel, because installing packages waits for the network while compiling uses the CPU.
  const [programs] = await Promise.all([buildPrograms(work), ensureBase(env, work)]);
  const image = `task-observatory/node:v${VERSIONS.kubernetes}-${recipeKey(programs)}`;
  if (await isPresent(image, env)) return { image, programs };

  work.say("building the node image");
  const images = await systemImages(programs);
  const pause = images.find(({ program }) => program === "pause")?.tag ?? "";
  const context = join(userCache(), "cluster/node-image");
  fillContext(context, programs, { "@PAUSE_IMAGE@": pause, "@NODE_AGENT_IMAGE@": NODE_AGENT });
  const build = (stage: string, tag: string, program = "") =>
    runTool(
      [
        ...["docker", "build", "-q", "--target", stage, "--build-arg", `BASE=${BASE}`],
        ...["--build-arg", `PROGRAM=${program}`, "-t", tag, context],
      ],
      { env: { ...env, DOCKER_BUILDKIT: "1" } },
    );
  for (const { stage, tag, program } of images) await build(stage, tag, program);
  await build("node", BARE_NODE);
  await preload(
    images.map(({ tag }) => tag),
    image,
    env,
  );
  rmSync(context, { recursive: true });
  return { image, programs };
}

async function buildPrograms(work: Work): Promise<Programs> {
  const folders = {} as Record<ModuleName, string>;
  // One after another, because each build uses every core.
  for (const name of MODULE_NAMES) folders[name] = await goPrograms(name, work);
  return folders;
}

/** Returns the images that kubeadm starts a cluster with, under kubeadm's names. */
async function systemImages(programs: Programs) {
  const printed = await runTool([
    join(programs.kubernetes, "kubeadm"),
    ...["config", "images", "list", "--kubernetes-version", `v${VERSIONS.kubernetes}`],
  ]);
  const images = printed.split("\n").map((tag) => {
    const program = tag.replace(/:.*$/, "").split("/").at(-1) ?? "";
    const hasStage = ["coredns", "pause", "kube-proxy"].includes(program);
    return { tag, program, stage: hasStage ? program : "program" };
  });
  return [...images, { tag: NODE_AGENT, program: "node-agent", stage: "node-agent" }];
}

function fillContext(context: string, programs: Programs, names: Readonly<Record<string, string>>): void {
  rmSync(context, { recursive: true, force: true });
  mkdirSync(join(context, "tmp"), { recursive: true });
  chmodSync(join(context, "tmp"), 0o1777);
  cpSync(RECIPE, context, { recursive: true });
  for (const file of ["containerd.toml", "default-cni.yaml"]) {
    let text = readFileSync(join(context, file), "utf8");
    for (const [placeholder, name] of Object.entries(names)) text = text.replace(placeholder, name);
    writeFileSync(join(context, file), text);
  }
  for (const folder of Object.values(programs))
    cpSync(folder, join(context, "programs"), { recursive: true });
  cpSync(CERTIFICATES, join(context, "ca-certificates.crt"), { dereference: true });
  writeFileSync(join(context, "version"), `v${VERSIONS.kubernetes}`);
}

/** Imports the images into a container of the bare node, and commits that container as the node image. */
async function preload(images: readonly string[], image: string, env: Env): Promise<void> {
  const create = ["docker", "create", "--interactive", "--entrypoint", "/kind/preload", BARE_NODE];
  const container = await runTool(create, { env });
  try {
    const pipe = 'node=$1; shift; docker save "$@" | docker start --attach --interactive "$node"';
    await runTool(["bash", "-o", "pipefail", "-c", pipe, "preload", container, ...images], { env });
    const entrypoint = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]';
    await runTool(["docker", "commit", "--change", entrypoint, container, image], { env });
  } finally {
    await runTool(["docker", "rm", "--force", container], { env });
  }
}

async function ensureBase(env: Env, { say, signal }: Work): Promise<void> {
  if (await isPresent(BASE, env)) return;
  if (!Bun.which("debootstrap")) await installPackages(["debootstrap"], say);
  say(`unpacking Debian ${NODE_RELEASE} for the nodes`);
  const work = mkdtempSync(join(tmpdir(), "observatory-node-"));
  try {
    const root = join(work, "root");
    await runTool(
      [
        ...["debootstrap", "--variant=minbase", `--include=${PACKAGES.join()}`],
        ...[NODE_RELEASE, root, archive()],
      ],
      { signal },
    );
    for (const cache of globSync("var/{cache/apt/archives/*.deb,lib/apt/lists/*}", { cwd: root }))
      rmSync(join(root, cache), { recursive: true });
    for (const file of ["etc/resolv.conf", "etc/hostname"]) rmSync(join(root, file), { force: true });
    await runTool(["sh", "-c", 'tar -C "$0" -c . | docker import - "$1"', root, BASE], { env });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function isPresent(image: string, env: Env): Promise<boolean> {
  const child = Bun.spawn(["docker", "image", "inspect", image], { env, stdout: "ignore", stderr: "ignore" });
  return (await child.exited) === 0;
}

function recipeKey(programs: Programs): string {
  const parts = [BASE, ...Object.values(programs)];
  for (const file of globSync("*", { cwd: RECIPE }).sort())
    parts.push(file, readFileSync(join(RECIPE, file), "utf8"));
  return sha256(JSON.stringify(parts)).slice(0, 12);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
