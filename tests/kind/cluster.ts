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
  /** The folder to which every tool's output is written. */
  readonly folder: string;
  readonly image?: string;
  /** Aborts every command except those that delete the cluster. */
  readonly signal: AbortSignal;
}

/** The cluster that kind/cluster.yaml describes, with the tools that control it. */
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
    throw new Error(`${command.slice(0, 4).join(" ")} exited with code ${code}\n${lastWords}`);
  };
  const kind = (...args: string[]) => run(["kind", ...args]);

  return {
    env,
    run,
    kind,
    docker: (...args: string[]) => run(["docker", ...args]),
    kubectl: (...args: string[]) => run(["kubectl", ...args]),
    /** Runs kubectl in the product's namespace. */
    inNamespace: (...args: string[]) => run(["kubectl", "--namespace", NAMESPACE, ...args]),
    /** Returns the objects of one or more kinds in the product's namespace. */
    async list<T>(kinds: string, ...args: string[]): Promise<T[]> {
      const command = ["kubectl", "get", kinds, "--namespace", NAMESPACE, "--output", "json", ...args];
      return (JSON.parse(await run(command, { quiet: true })) as { items: T[] }).items;
    },

    /** Throws if a cluster of this name exists: it belongs to the user, and the end of the run would delete it. */
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
      return image ?? "kind's own image";
    },

    /** Deletes the cluster and, with `network`, kind's network. Returns the cluster's remaining containers. */
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

/** Returns kind/cluster.yaml with the nodes that the tests need and the patches of `patchesOf`. */
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

/**
 * Returns patches that shorten Kubernetes timeouts, because the tests are about the reaction to a fault, not about the
 * time until Kubernetes notices it.
 */
function patchesOf({ isOurImage }: { isOurImage: boolean }): object[] {
  // The kubelets measure their pods every two seconds instead of every ten to fifteen.
  const nodeRegistration = { kubeletExtraArgs: { "housekeeping-interval": "2s" } };
  return [
    { kind: "InitConfiguration", nodeRegistration },
    { kind: "JoinConfiguration", nodeRegistration },
    // A node counts as unreachable after 20 s, which is six lease renewals, instead of 50 s.
    {
      kind: "ClusterConfiguration",
      controllerManager: { extraArgs: { "node-monitor-grace-period": "20s" } },
    },
    {
      kind: "KubeletConfiguration",
      nodeLeaseDurationSeconds: 12,
      // Our node image runs on cgroup v1, which kubelet has refused by default since 1.35.
      ...(isOurImage && { failCgroupV1: false }),
    },
  ];
}
