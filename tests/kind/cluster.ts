import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLUSTER, NAMESPACE } from "../../kind/source/names.ts";
import { ROOT } from "../containers/root.ts";
import type { Env } from "./node-image.ts";

const NODES = 3;

interface ClusterConfig {
  readonly nodes: readonly { readonly role: string }[];
  readonly kubeadmConfigPatches?: readonly string[];
}

export interface ClusterOptions {
  readonly env: Env;
  /** Where the output of every tool is kept. */
  readonly folder: string;
  readonly image?: string;
  /** Ends every command but those that delete the cluster. */
  readonly signal: AbortSignal;
}

/** The cluster of kind/cluster.yaml and the tools that drive it; their output is kept. */
export type Cluster = ReturnType<typeof createCluster>;

export function createCluster({ env, folder, image, signal }: ClusterOptions) {
  const run = async (
    command: readonly string[],
    { quiet = false, endsWith = signal }: { quiet?: boolean; endsWith?: AbortSignal | null } = {},
  ): Promise<string> => {
    endsWith?.throwIfAborted();
    const startedAt = performance.now();
    const child = Bun.spawn([...command], {
      env,
      cwd: ROOT,
      signal: endsWith ?? undefined,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [printed, complaints, code] = await Promise.all([
      child.stdout.text(),
      child.stderr.text(),
      child.exited,
    ]);
    const line = `$ ${command.join(" ")} # ${Math.round(performance.now() - startedAt)} ms, code ${code}`;
    appendFileSync(join(folder, "commands.log"), `${line}\n${quiet ? "" : printed}${complaints}\n`);
    if (code === 0) return printed.trim();
    const lastWords = `${printed}\n${complaints}`.trim().split("\n").slice(-15).join("\n");
    throw new Error(`${command.slice(0, 4).join(" ")} ended with code ${code}\n${lastWords}`);
  };
  const kind = (...args: string[]) => run(["kind", ...args]);

  return {
    env,
    run,
    kind,
    docker: (...args: string[]) => run(["docker", ...args]),
    kubectl: (...args: string[]) => run(["kubectl", ...args]),
    /** kubectl on the product's namespace. */
    inNamespace: (...args: string[]) => run(["kubectl", "--namespace", NAMESPACE, ...args]),
    /** Returns the objects of one or more kinds in the product's namespace. */
    async list<T>(kinds: string, ...args: string[]): Promise<T[]> {
      const command = ["kubectl", "get", kinds, "--namespace", NAMESPACE, "--output", "json", ...args];
      return (JSON.parse(await run(command, { quiet: true })) as { items: T[] }).items;
    },

    /** Throws where a cluster of this name exists: it is a person's own, and would be deleted at the end. */
    async refuseAnother(): Promise<void> {
      const names = (await kind("get", "clusters")).split("\n");
      if (names.includes(CLUSTER))
        throw new Error(`The cluster ${CLUSTER} exists; \`odd-dashboard down --tier kind\` deletes it`);
    },

    async create(): Promise<string> {
      const config = join(folder, "cluster.json");
      writeFileSync(config, JSON.stringify(clusterConfig({ isOurImage: image !== undefined }), null, 2));
      const chosen = image ? ["--image", image] : [];
      await kind("create", "cluster", "--config", config, "--wait", "300s", ...chosen);
      return image ?? "of kind's own image";
    },

    /** Deletes the cluster, and with `network` kind's network too; returns the containers that are left of it. */
    async remove({ network }: { network: boolean }): Promise<string[]> {
      const always = { endsWith: null };
      await run(["kind", "delete", "cluster", "--name", CLUSTER], always);
      if (network) await run(["docker", "network", "rm", "kind"], always);
      const label = `label=io.x-k8s.kind.cluster=${CLUSTER}`;
      const left = await run(["docker", "ps", "--all", "--filter", label, "--format", "{{.Names}}"], always);
      return left.split("\n").filter(Boolean);
    },
  };
}

/** Returns kind/cluster.yaml with the nodes that the proof needs and with `patchesOf`. */
function clusterConfig({ isOurImage }: { isOurImage: boolean }): ClusterConfig {
  const text = readFileSync(join(ROOT, "kind/cluster.yaml"), "utf8");
  const config = Bun.YAML.parse(text) as ClusterConfig;
  const workers = Array.from({ length: NODES - config.nodes.length }, () => ({ role: "worker" }));
  const patches = patchesOf({ isOurImage }).map((patch) => JSON.stringify(patch));
  return {
    ...config,
    nodes: [...config.nodes, ...workers],
    kubeadmConfigPatches: [...(config.kubeadmConfigPatches ?? []), ...patches],
  };
}

/** Shorter waits than Kubernetes' own: the proof is of what happens then, not of how late it is noticed. */
function patchesOf({ isOurImage }: { isOurImage: boolean }): object[] {
  // Every kubelet measures its pods this often, instead of every ten to fifteen seconds.
  const nodeRegistration = { kubeletExtraArgs: { "housekeeping-interval": "2s" } };
  return [
    { kind: "InitConfiguration", nodeRegistration },
    { kind: "JoinConfiguration", nodeRegistration },
    // A node is missed after 20 s, which is six renewals of its lease, instead of 50 s.
    {
      kind: "ClusterConfiguration",
      controllerManager: { extraArgs: { "node-monitor-grace-period": "20s" } },
    },
    {
      kind: "KubeletConfiguration",
      nodeLeaseDurationSeconds: 12,
      // From 1.35 on, kubelet refuses cgroup v1, on which our node image runs, unless it is configured not to.
      ...(isOurImage && { failCgroupV1: false }),
    },
  ];
}
