import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { CLUSTER } from "../../kind/source/names.ts";
import { messageOf } from "../../shared/errors.ts";
import type { CliContext } from "../cli/context.ts";
import { defaultDataDir } from "../launch/place.ts";
import type { Say } from "./steps.ts";
import { clone, kubectl, tool } from "./tools.ts";

const BUILD_REMEDY =
  "The build's own error is above; `odd-dashboard doctor` checks the container engine and Compose";

interface Built {
  /** The image's name in the manifests. */
  readonly name: string;
  readonly tag: string;
}

/**
 * Builds our images with Compose and tags each by its content, so Kubernetes replaces only pods whose image has
 * changed.
 */
export async function buildImages(context: CliContext): Promise<readonly Built[]> {
  const docker = (...args: string[]) => tool(context, ["docker", ...args], BUILD_REMEDY);
  const { services } = JSON.parse(await docker("compose", "config", "--format", "json")) as {
    services: Record<string, { image: string; build?: object }>;
  };
  const own = Object.entries(services).filter(([, { build }]) => build);
  await docker("compose", "build", ...own.map(([name]) => name));
  return await Promise.all(
    own.map(async ([, { image }]) => {
      const id = await docker("image", "inspect", "--format", "{{.Id}}", image);
      const tag = `local-${id.replace("sha256:", "").slice(0, 12)}`;
      const name = `oddessentials/${image.split("/").at(-1)?.split(":")[0]}`;
      await docker("tag", image, `${name}:${tag}`);
      return { name, tag };
    }),
  );
}

/** Writes a kustomization that applies `overlay` with the built images. Returns the kustomization's folder. */
export function writeKustomization(overlay: string, built: readonly Built[]): string {
  const folder = join(defaultDataDir(), "kind");
  mkdirSync(folder, { recursive: true });
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [relative(folder, overlay)],
    images: built.map(({ name, tag }) => ({ name, newTag: tag })),
  };
  writeFileSync(join(folder, "kustomization.yaml"), `${Bun.YAML.stringify(kustomization, null, 2)}\n`);
  return folder;
}

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly template?: { readonly spec: { containers: { image: string }[] } } };
}

/** Renders a folder's kustomization and returns its objects. */
export async function render(context: CliContext, folder: string): Promise<readonly Rendered[]> {
  const text = await tool(context, ["kubectl", "kustomize", folder], "The overlay has an error; see above");
  return Bun.YAML.parse(text) as Rendered[];
}

/**
 * Loads images from this machine's Docker into the nodes that lack them. The nodes pull the rest, including official
 * images that cannot be loaded because Docker keeps only this machine's part of a multi-platform image.
 */
export async function loadImages(
  context: CliContext,
  rendered: readonly Rendered[],
  built: readonly Built[],
  say: Say,
): Promise<string> {
  const own = new Set(built.map(({ name, tag }) => `${name}:${tag}`));
  const wanted = new Set(
    rendered.flatMap(({ spec }) => spec?.template?.spec.containers ?? []).map((c) => c.image),
  );
  say("the nodes' lists of images");
  const nodes = await workingNodes(context);
  const missing = [...wanted].filter((image) => !nodes.every(({ images }) => images.has(wholeName(image))));
  const here: string[] = [];
  for (const image of missing) if (await isHere(context, image)) here.push(image);
  const names = nodes.map(({ name }) => name);
  const left = await load(context, here, { own, nodes: names, say });
  const pulled = missing.length - here.length + left;
  const loaded = `${here.length - left} of ${wanted.size} images loaded; the nodes already had ${wanted.size - missing.length}`;
  return pulled === 0 ? loaded : `${loaded} and pull ${pulled} themselves`;
}

/**
 * Loads the images as one archive, which stores shared layers once. If that fails, loads each image separately. Returns
 * how many images the nodes must pull.
 */
async function load(
  context: CliContext,
  images: readonly string[],
  options: { own: ReadonlySet<string>; nodes: readonly string[]; say: Say },
): Promise<number> {
  const { own, nodes, say } = options;
  if (images.length === 0) return 0;
  const remedy = "Docker's disk may be full: `docker system df` shows what is on it";
  say(`${images.length} images into ${nodes.length} nodes, a minute or two the first time`);
  try {
    const where = ["--name", CLUSTER, "--nodes", nodes.join(",")];
    await tool(context, ["kind", "load", "docker-image", ...images, ...where], remedy);
    return 0;
  } catch (error) {
    const [image] = images;
    if (images.length > 1) {
      let left = 0;
      for (const one of images) left += await load(context, [one], options);
      return left;
    }
    if (image === undefined || own.has(image) || context.signal.aborted) throw error;
    say(`the nodes pull ${image} themselves: ${messageOf(error).split("\n").at(-1)}`);
    return 1;
  }
}

interface Node {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
  readonly status: { readonly images?: readonly { readonly names?: readonly string[] }[] };
}

/**
 * Returns the nodes that run our pods, with the images they report. If a report is outdated, images are loaded
 * needlessly.
 */
async function workingNodes(context: CliContext) {
  const { items } = JSON.parse(await kubectl(context, "get", "nodes", "-o", "json")) as { items: Node[] };
  const isControl = ({ spec }: Node) =>
    spec.taints?.some(({ key }) => key === "node-role.kubernetes.io/control-plane") ?? false;
  return items
    .filter((node) => !isControl(node))
    .map(({ metadata, status }) => ({
      name: metadata.name,
      images: new Set(status.images?.flatMap(({ names = [] }) => names)),
    }));
}

/** Adds the registry that a short name omits, because nodes report full names. */
export function wholeName(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `docker.io/library/${image}`;
  return /[.:]|^localhost$/.test(first) ? image : `docker.io/${image}`;
}

async function isHere({ signal }: CliContext, image: string): Promise<boolean> {
  const child = Bun.spawn(["docker", "image", "inspect", image], {
    cwd: clone(),
    signal,
    stdio: ["ignore", "ignore", "ignore"],
  });
  return (await child.exited) === 0;
}
