import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import { findProgram } from "../../tui/engines/locate.ts";
import { userCache } from "../../tui/engines/user-cache.ts";
import { VERSIONS } from "./versions.ts";

const MODULES_FOLDER = join(import.meta.dir, "gomod");

interface Module {
  /** Import paths; Go names each program after the last element of its path. */
  readonly packages: readonly string[];
  readonly tags?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** The name of the module's only program, if its import path does not end in that name. */
  readonly name?: string;
}

const KUBERNETES_COMMANDS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-proxy",
  "kube-scheduler",
  "kubeadm",
  "kubectl",
  "kubelet",
];

/**
 * Version variables that the linker sets. Without them, a program would report version 0.0.0 and refuse to work with
 * the other programs.
 */
const kubernetesVersion = Object.fromEntries(
  ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((path) => {
    const [major = "", minor = ""] = VERSIONS.kubernetes.split(".");
    return Object.entries({
      gitVersion: `v${VERSIONS.kubernetes}`,
      gitMajor: major,
      gitMinor: minor,
      gitTreeState: "archive",
    }).map(([name, value]) => [`${path}.${name}`, value]);
  }),
);

const MODULES = {
  kubernetes: {
    packages: [
      ...KUBERNETES_COMMANDS.map((command) => `k8s.io/kubernetes/cmd/${command}`),
      "./node-agent",
      "./pause",
    ],
    tags: "selinux,notest,grpcnotrace",
    variables: kubernetesVersion,
  },
  etcd: { packages: ["go.etcd.io/etcd/server/v3"], name: "etcd" },
  coredns: { packages: ["."], name: "coredns", tags: "grpcnotrace" },
  kind: { packages: ["sigs.k8s.io/kind"] },
} satisfies Readonly<Record<string, Module>>;

export type ModuleName = keyof typeof MODULES;
export const MODULE_NAMES = Object.keys(MODULES) as ModuleName[];

/** Progress output and cancellation for long work. */
export interface Work {
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Builds a module's programs unless the user's cache has them; returns their folder. */
export async function goPrograms(name: ModuleName, { say, signal }: Work): Promise<string> {
  const module: Module = MODULES[name];
  const folder = join(MODULES_FOLDER, name);
  const cache = join(userCache(), "cluster");
  const built = join(cache, `${name}-${keyOf(module, folder)}`);
  if (existsSync(built)) return built;
  const go = findProgram("go");
  if (!go) throw new Error(`Could not build ${name}: go is not on the PATH`);

  const startedAt = performance.now();
  say(`building ${name} ${VERSIONS[name]} with Go`);
  mkdirSync(cache, { recursive: true });
  const older = readdirSync(cache).filter((entry) => entry.startsWith(`${name}-`));
  for (const entry of older) rmSync(join(cache, entry), { recursive: true });
  // The folder is renamed only at the end, so that an interrupted build is never mistaken for a finished one.
  const unfinished = `${built}.unfinished`;
  mkdirSync(unfinished);
  await runTool([go, "build", ...flagsOf(module), "-o", `${unfinished}/`, ...module.packages], {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "" },
    signal,
  });
  for (const program of module.name ? readdirSync(unfinished) : [])
    renameSync(join(unfinished, program), join(unfinished, module.name ?? program));
  renameSync(unfinished, built);
  say(`built ${name} in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
  return built;
}

function flagsOf({ tags, variables = {} }: Module): string[] {
  const set = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  return [
    ...["-mod=readonly", "-buildvcs=false", "-trimpath"],
    ...(tags ? [`-tags=${tags}`] : []),
    `-ldflags=${["-s", "-w", ...set].join(" ")}`,
  ];
}

function keyOf(module: Module, folder: string): string {
  const hash = createHash("sha256").update(JSON.stringify(module));
  for (const file of globSync("**/*.{go,mod,sum}", { cwd: folder }).sort())
    hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest("hex").slice(0, 12);
}
