import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../../kind/source/compose-file.ts";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: Readonly<Record<"secretKeyRef" | "configMapKeyRef", { name: string; key: string }>>;
  }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly resources: Readonly<
    Record<"requests" | "limits", { readonly cpu: string; readonly memory: string }>
  >;
  readonly securityContext: Readonly<Record<string, unknown>> & {
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
  readonly exec?: { readonly command: readonly string[] };
  readonly tcpSocket?: { readonly port: string };
  readonly timeoutSeconds: number;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [Container];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly topologySpreadConstraints: readonly { readonly topologyKey: string }[];
}

/** The parts of a manifest's object that tests read. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Readonly<Record<string, unknown>>;
}

export interface Workload extends Manifest {
  readonly spec: Readonly<Record<string, unknown>> & { readonly template: { readonly spec: PodSpec } };
}

const KIND = join(PROJECT, "kind");
const asList = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** Every object under kind/, with the file that defines it. */
export const manifests: readonly (Manifest & { readonly file: string })[] = globSync(
  ["base/**/*.yaml", "overlays/**/*.yaml", "components/**/*.yaml"],
  { cwd: KIND },
)
  .filter((file) => !file.endsWith("kustomization.yaml"))
  .sort()
  .flatMap((file) =>
    asList(Bun.YAML.parse(readFileSync(join(KIND, file), "utf8")) as Manifest | Manifest[]).map((one) => ({
      ...one,
      file,
    })),
  );

export const workloads = manifests.filter(({ kind }) =>
  ["Deployment", "StatefulSet"].includes(kind),
) as unknown as readonly Workload[];

export const objectOf = (kind: string, name: string) =>
  manifests.find((one) => one.kind === kind && one.metadata.name === name);

/** Reads an env file under kind/ and returns its values by variable. */
export function envFile(path: string): Map<string, string> {
  const lines = readFileSync(join(KIND, path), "utf8").split("\n");
  return new Map(
    lines
      .filter((line) => line && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
