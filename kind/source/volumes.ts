import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type ComposeService, memory, PROJECT } from "./compose-file.ts";

/** The size of the PersistentVolumeClaim that replaces each named Compose volume. */
const SIZES: Readonly<Record<string, string>> = {
  "rabbitmq-data": "4Gi",
  "postgres-data": "8Gi",
  "mongodb-data": "8Gi",
  "mongodb-config": "128Mi",
  "redis-data": "2Gi",
  "prometheus-data": "4Gi",
  "alertmanager-data": "128Mi",
  "grafana-data": "512Mi",
  "pgadmin-data": "512Mi",
  "redisinsight-data": "512Mi",
};

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
}

interface Volumes {
  readonly mounts: readonly Mount[];
  readonly volumes: readonly object[];
  readonly claims: readonly { readonly name: string; readonly size: string }[];
}

const configMap = (name: string) => ({ configMap: { name } });
const files = (folder: string) => readdirSync(join(PROJECT, "compose", folder)).sort();

/**
 * The files that Compose mounts, by their path in compose/. compose/kustomization.yaml turns them into ConfigMaps;
 * files that differ in a cluster are in kind/base/.
 */
const BOUND: Readonly<Record<string, () => { volume: object; subPath?: string }>> = {
  "./rabbitmq/observatory.conf": () => ({
    volume: configMap("rabbitmq-config"),
    subPath: "observatory.conf",
  }),
  "./rabbitmq/enabled_plugins": () => ({ volume: configMap("rabbitmq-config"), subPath: "enabled_plugins" }),
  "./mongodb/answers.sh": () => ({ volume: configMap("mongodb-answers"), subPath: "answers.sh" }),
  "./alertmanager": () => ({ volume: configMap("alertmanager-config") }),
  "./grafana/dashboards": () => ({ volume: configMap("grafana-dashboards") }),
  "./grafana/provisioning": () => ({
    volume: projected("grafana-provisioning", {
      "dashboards.yaml": "dashboards/observatory.yaml",
      "datasources.yaml": "datasources/observatory.yaml",
    }),
  }),
  "./prometheus": () => {
    const rules = Object.fromEntries(files("prometheus/rules").map((name) => [name, `rules/${name}`]));
    return {
      volume: {
        projected: {
          sources: [
            { configMap: { name: "prometheus-config" } },
            projected("prometheus-rules", rules).projected.sources[0],
          ],
        },
      },
    };
  },
};

function projected(name: string, paths: Readonly<Record<string, string>>) {
  const items = Object.entries(paths).map(([key, path]) => ({ key, path }));
  return { projected: { sources: [{ configMap: { name, items } }] } };
}

/**
 * Volumes for files that Compose does not mount from compose/, because they are in an image, in a volume shared by two
 * containers, or inside compose.yaml.
 */
const OTHER: Readonly<Record<string, Volumes>> = {
  // This replaces the configuration in the image, which is Compose's and uses Docker's name server.
  "web-ui": fromOther("nginx", configMap("nginx-config"), "/etc/nginx/conf.d"),
  "read-model": fromOther("webhook-token", { secret: { secretName: "alert-webhook" } }, "/run/alertmanager"),
  alertmanager: fromOther(
    "webhook-token",
    { secret: { secretName: "alert-webhook" } },
    "/alertmanager/webhook-token",
    "webhook-token",
  ),
  pgadmin: {
    mounts: [
      { name: "servers", mountPath: "/pgadmin4/servers.json", subPath: "servers.json", readOnly: true },
      { name: "pgpass", mountPath: "/run/secrets/pgpass", subPath: "pgpass", readOnly: true },
    ],
    volumes: [
      { name: "servers", ...configMap("pgadmin-config") },
      { name: "pgpass", secret: { secretName: "pgadmin-pgpass" } },
    ],
    claims: [],
  },
};

function fromOther(name: string, volume: object, mountPath: string, subPath?: string): Volumes {
  const mount = { name, mountPath, ...(subPath && { subPath }), readOnly: true };
  return { mounts: [mount], volumes: [{ name, ...volume }], claims: [] };
}

/** Converts a part's mounts in compose.yaml to a pod's mounts, volumes and claims. */
export function volumesOf(name: string, { volumes = [], tmpfs = [], shm_size }: ComposeService): Volumes {
  const mounts: Mount[] = [];
  const made = new Map<string, object>();
  const claims: { name: string; size: string }[] = [];
  for (const volume of volumes) {
    const [source = "", mountPath = "", mode] = volume.split(":");
    if (!source.startsWith(".")) {
      // A volume that is mounted read-only belongs to another part. In a cluster, a Secret replaces it.
      if (mode === "ro") continue;
      const size = SIZES[source];
      if (!size) throw new Error(`kind/source/volumes.ts has no size for the volume ${source}`);
      claims.push({ name: source, size });
      mounts.push({ name: source, mountPath });
      continue;
    }
    const bound = BOUND[source]?.();
    if (!bound)
      throw new Error(`kind/source/volumes.ts has no entry for ${source}, which compose.yaml mounts`);
    const { configMap: one } = bound.volume as { configMap?: { name: string } };
    const volumeName = one?.name ?? source.replace(/^\.\//, "").replaceAll("/", "-");
    made.set(volumeName, { name: volumeName, ...bound.volume });
    mounts.push({
      name: volumeName,
      mountPath,
      ...(bound.subPath && { subPath: bound.subPath }),
      readOnly: true,
    });
  }
  for (const mountPath of tmpfs) {
    mounts.push({ name: "tmp", mountPath });
    made.set("tmp", { name: "tmp", emptyDir: { sizeLimit: "256Mi" } });
  }
  if (shm_size) {
    mounts.push({ name: "shm", mountPath: "/dev/shm" });
    made.set("shm", { name: "shm", emptyDir: { medium: "Memory", sizeLimit: memory(shm_size) } });
  }
  // If a claim and a volume have the same name, Kubernetes silently uses the claim.
  const twice = claims.find((claim) => made.has(claim.name));
  if (twice) throw new Error(`${name} has both a claim and a volume named ${twice.name}`);
  const other = OTHER[name];
  return {
    mounts: [...mounts, ...(other?.mounts ?? [])],
    volumes: [...made.values(), ...(other?.volumes ?? [])],
    claims,
  };
}
