import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../containers/root.ts";
import type { Cluster } from "./cluster.ts";
import type { Manifest } from "./manifests.ts";
import { faultsOf } from "./schemas.ts";
import type { ClusterProof } from "./under-load.ts";

const OVERLAYS = "kind/overlays";
const REFERENCES = /"(configMap|configMapKeyRef|secretKeyRef)":\{"name":"([^"]+)"|"(secretName)":"([^"]+)"/g;

/** Proves that Kustomize renders every overlay and that the API server accepts the result. */
export async function proveOverlays({ cluster, report }: ClusterProof): Promise<void> {
  for (const name of readdirSync(join(ROOT, OVERLAYS))) {
    await report.check(
      `the overlay ${name} matches the schemas and defines every object that it refers to`,
      () => proveRendered(cluster, name),
    );
    await report.check(`the API server accepts the overlay ${name}`, () => proveAccepted(cluster, name));
  }
}

async function proveRendered(cluster: Cluster, overlay: string): Promise<string> {
  const text = await cluster.run(["kubectl", "kustomize", join(OVERLAYS, overlay)], { quiet: true });
  const objects = Bun.YAML.parse(text) as Manifest[];
  // Only the overlay `local` contains Secrets; users of the others supply their own.
  const lacking = referencesOf(objects).filter((one) => overlay === "local" || !one.startsWith("Secret "));
  const faults = [...objects.flatMap(faultsOf), ...lacking.map((one) => `it does not define the ${one}`)];
  const hasEngines = objects.some(({ metadata }) => metadata.labels?.["observatory/role"] === "engine");
  if (hasEngines !== (overlay !== "external-engines"))
    faults.push(hasEngines ? "it has engines" : "it has no engines");
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return `${objects.length} objects`;
}

/** Returns the ConfigMaps and Secrets that pods name but no object defines. */
function referencesOf(objects: readonly Manifest[]): string[] {
  const has = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
  const named = [...JSON.stringify(objects).matchAll(REFERENCES)].map(
    ([, kind = "secret", name, , secret]) =>
      `${kind.startsWith("configMap") ? "ConfigMap" : "Secret"} ${name ?? secret}`,
  );
  return [...new Set(named)].filter((one) => !has.has(one));
}

async function proveAccepted(cluster: Cluster, overlay: string): Promise<string> {
  const flags = ["--server-side", "--force-conflicts", "--dry-run=server"];
  const printed = await cluster.run(["kubectl", "apply", ...flags, "--kustomize", join(OVERLAYS, overlay)]);
  if (printed.includes("Warning")) throw new Error(printed);
  return `${printed.split("\n").length} objects`;
}
