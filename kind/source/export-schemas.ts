import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import { PROJECT } from "./compose-file.ts";

/** The Kubernetes version that manifests are checked against and that tests/kind runs. */
export const KUBERNETES = "1.36.3";
/** The KEDA version of the ScaledObject's schema. */
const KEDA = "2.21.0";
export const SCHEMAS = join(PROJECT, `kind/schemas/kubernetes-${KUBERNETES}.json`);

/** The kinds of object in the manifests. */
const KINDS = [
  "apps/v1 Deployment",
  "apps/v1 StatefulSet",
  "autoscaling/v2 HorizontalPodAutoscaler",
  "networking.k8s.io/v1 Ingress",
  "networking.k8s.io/v1 NetworkPolicy",
  "policy/v1 PodDisruptionBudget",
  "rbac.authorization.k8s.io/v1 Role",
  "rbac.authorization.k8s.io/v1 RoleBinding",
  "v1 ConfigMap",
  "v1 Namespace",
  "v1 Secret",
  "v1 Service",
  "v1 ServiceAccount",
];

interface Definition {
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
}
type Definitions = Readonly<Record<string, Definition>>;

/** Returns the kinds that a definition describes, as manifests name them. */
export const kindsOf = (definition: Definition) =>
  (definition["x-kubernetes-group-version-kind"] ?? []).map(
    ({ group, version, kind }) => `${group ? `${group}/` : ""}${version} ${kind}`,
  );

function withReferenced(all: Definitions, name: string, found: Map<string, Definition>): void {
  const definition = all[name];
  if (found.has(name) || !definition) return;
  found.set(name, definition);
  for (const [, other = ""] of JSON.stringify(definition).matchAll(/"#\/definitions\/([^"]+)"/g))
    withReferenced(all, other, found);
}

const withoutProse = (definition: Definition): Definition =>
  JSON.parse(JSON.stringify(definition), (key, value) =>
    key === "description" && typeof value === "string" ? undefined : value,
  );

/** Reads a file of a Go module from the module proxy. */
async function fileOf(module: string, path: string): Promise<string> {
  const { Dir } = JSON.parse(await runTool(["go", "mod", "download", "-json", module])) as { Dir: string };
  return readFileSync(join(Dir, path), "utf8");
}

interface CustomResource {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Definition };
    }[];
  };
}

async function scaledObject(): Promise<Definition> {
  const path = "config/crd/bases/keda.sh_scaledobjects.yaml";
  const { spec } = Bun.YAML.parse(
    await fileOf(`github.com/kedacore/keda/v2@v${KEDA}`, path),
  ) as CustomResource;
  const [version] = spec.versions;
  if (!version) throw new Error(`${path} has no version`);
  const kind = { group: spec.group, version: version.name, kind: spec.names.kind };
  return { ...version.schema.openAPIV3Schema, "x-kubernetes-group-version-kind": [kind] };
}

/** Exports the schemas of these kinds from the sources of Kubernetes and KEDA. */
async function exportSchemas(): Promise<void> {
  const text = await fileOf(`k8s.io/kubernetes@v${KUBERNETES}`, "api/openapi-spec/swagger.json");
  const { definitions } = JSON.parse(text) as { definitions: Definitions };
  const found = new Map<string, Definition>();
  for (const [name, definition] of Object.entries(definitions))
    if (kindsOf(definition).some((kind) => KINDS.includes(kind))) withReferenced(definitions, name, found);
  found.set("sh.keda.v1alpha1.ScaledObject", await scaledObject());
  const kept = Object.fromEntries(
    [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, withoutProse(one)]),
  );
  mkdirSync(join(SCHEMAS, ".."), { recursive: true });
  writeFileSync(SCHEMAS, `${JSON.stringify({ definitions: kept }, null, 1)}\n`);
}

if (import.meta.main) await exportSchemas();
