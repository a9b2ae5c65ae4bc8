import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "../containers/root.ts";
import { buildStandIns, stageFor } from "../containers/stand-ins.ts";
import type { Cluster } from "./cluster.ts";
import type { Work } from "./go-programs.ts";

const OVERLAY = "kind/overlays/local";

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly template?: { readonly spec: { readonly containers: readonly { image: string }[] } };
  };
}

/** A Deployment or StatefulSet of the overlay. */
export interface Part extends Pick<Manifest, "apiVersion" | "kind"> {
  readonly name: string;
  readonly images: readonly string[];
}

export async function partsOf(cluster: Cluster): Promise<Part[]> {
  const rendered = await cluster.run(["kubectl", "kustomize", OVERLAY], { quiet: true });
  return (Bun.YAML.parse(rendered) as Manifest[]).flatMap(({ apiVersion, kind, metadata, spec }) => {
    const containers = spec?.template?.spec.containers;
    return containers
      ? { apiVersion, kind, name: metadata.name, images: containers.map(({ image }) => image) }
      : [];
  });
}

const isOwn = (image: string) => image.includes("/odto-");

export const hasStandIn = ({ images }: Part) => images.every((image) => isOwn(image) || stageFor(image));

/**
 * Builds stand-ins (substitutes under the same names) for the third-party images and for the base images of our images.
 */
export async function buildOthers(
  cluster: Cluster,
  parts: readonly Part[],
  say: Work["say"],
): Promise<string> {
  const config = JSON.parse(await cluster.docker("compose", "config", "--format", "json")) as {
    services: Record<string, { build?: { args?: Record<string, string> } }>;
  };
  const bases = Object.values(config.services).flatMap(({ build }) =>
    Object.entries(build?.args ?? {}).flatMap(([name, value]) => (name.endsWith("_IMAGE") ? value : [])),
  );
  const others = parts.flatMap(({ images }) => images.filter((image) => !isOwn(image)));
  const images = [...new Set([...bases, ...others])];
  await buildStandIns(images, cluster.env, say);
  return `${images.length} images`;
}

/** Builds our images, which `up` then finds in Docker's cache. */
export const buildOurs = async (cluster: Cluster): Promise<undefined> => {
  await cluster.docker("compose", "build");
  return undefined;
};

/**
 * Makes the metrics-engine take a snapshot every second. On an idle system, the ledger covers only the time up to the
 * newest snapshot, and the checks wait for it to advance.
 */
const SNAPSHOTS = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "metrics-engine" },
  spec: {
    template: {
      spec: { containers: [{ name: "metrics-engine", env: [{ name: "SNAPSHOT_EVERY_MS", value: "1000" }] }] },
    },
  },
};

/** Writes the local overlay without the parts whose images are not available here; returns the folder. */
export function overlayWithout(leftOut: readonly Part[], folder: string): string {
  const overlay = join(folder, "overlay");
  mkdirSync(overlay, { recursive: true });
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [relative(overlay, join(ROOT, OVERLAY))],
    patches: [
      { patch: Bun.YAML.stringify(SNAPSHOTS, null, 2) },
      ...leftOut.map(({ apiVersion, kind, name }) => ({
        target: { kind, name },
        patch: Bun.YAML.stringify({ $patch: "delete", apiVersion, kind, metadata: { name } }, null, 2),
      })),
    ],
  };
  writeFileSync(join(overlay, "kustomization.yaml"), JSON.stringify(kustomization, null, 2));
  return overlay;
}

/** Runs `up` as a user with an existing cluster would; resolves to the line that states how long it took. */
export async function bringUp(cluster: Cluster, overlay: string): Promise<string> {
  const up = [process.execPath, "tui/main.ts", "up", "--tier", "kind", "--overlay", overlay];
  const printed = await cluster.run(up);
  return printed.split("\n").find((line) => line.startsWith("Up in")) ?? "";
}
