import type { ServiceEntry } from "../../contracts/service-schema.ts";
import { type ComposeService, memory, seconds, withDefaults } from "./compose-file.ts";
import { environmentOf, words } from "./environment.ts";
import { labelsOf, portName, selectorOf } from "./names.ts";
import { probesOf } from "./probes.ts";
import { volumesOf } from "./volumes.ts";

// Pods get their limits, settings and health checks from `compose/compose.yaml`.

/** A terminating pod keeps serving for this long, until every node has stopped routing requests to it. */
const PRE_STOP_SECONDS = 5;
const preStopOf = ({ role }: ServiceEntry) => (role === "service" ? PRE_STOP_SECONDS : 0);
const SPARE_SECONDS = 5;
/** Compose's default grace period. */
const STOP_GRACE = "10s";

/** The user of each image. The Dockerfile sets the users of our images and of the page's server. */
const OWN_USER = 65_532;
const USERS: Readonly<Record<string, number>> = {
  "web-ui": 101,
  rabbitmq: 999,
  postgres: 999,
  mongodb: 999,
  redis: 999,
  prometheus: 65_534,
  alertmanager: 65_534,
  grafana: 472,
  jaeger: 10_001,
  "postgres-exporter": 65_534,
  "redis-exporter": 59_000,
  "mongodb-exporter": 65_535,
  pgadmin: 5_050,
  "mongo-express": 1_000,
  redisinsight: 1_000,
};
/** Group ids where they differ from the user id. */
const GROUPS: Readonly<Record<string, number>> = { redis: 1_000, grafana: 0, pgadmin: 0 };

/**
 * The part that listens on port 80 without root privileges. Its program has a file capability, so the kernel refuses to
 * run it in a container without that capability. The restricted Pod Security level permits this capability and the
 * sysctl for low ports.
 */
const LISTENS_ON_80 = "pgadmin";

/** The only part with a token for the Kubernetes API: Prometheus queries the API to find the pods. */
const CALLS_THE_API = "prometheus";

export function workloadOf(entry: ServiceEntry, service: ComposeService) {
  const { mounts, volumes, claims } = volumesOf(entry.name, service);
  const isStateful = claims.length > 0;
  const template = {
    metadata: { labels: labelsOf(entry) },
    spec: {
      ...(entry.name === CALLS_THE_API
        ? { serviceAccountName: CALLS_THE_API }
        : { automountServiceAccountToken: false }),
      // Otherwise Kubernetes sets variables such as REDIS_PORT=tcp://…, which the services would read as settings.
      enableServiceLinks: false,
      terminationGracePeriodSeconds:
        preStopOf(entry) + seconds(service.stop_grace_period ?? STOP_GRACE) + SPARE_SECONDS,
      securityContext: podSecurity(entry.name, isStateful),
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: "ScheduleAnyway",
          labelSelector: { matchLabels: selectorOf(entry.name) },
        },
      ],
      containers: [containerOf(entry, service, mounts)],
      ...(volumes.length > 0 && { volumes }),
    },
  };
  const metadata = { name: entry.name, labels: labelsOf(entry) };
  const selector = { matchLabels: selectorOf(entry.name) };
  // Omits the replica count: a new Deployment starts with one pod, and applying the manifest again keeps a changed
  // count.
  if (!isStateful)
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        selector,
        revisionHistoryLimit: 5,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template,
      },
    };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata,
    spec: {
      selector,
      serviceName: entry.name,
      revisionHistoryLimit: 5,
      template,
      volumeClaimTemplates: claims.map(({ name, size }) => ({
        metadata: { name },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } } },
      })),
    },
  };
}

function containerOf(entry: ServiceEntry, service: ComposeService, mounts: readonly object[]) {
  const environment = environmentOf(service);
  // Under Compose, Alertmanager's container creates the webhook token; in a cluster the token is a Secret.
  const command = entry.name === "alertmanager" ? undefined : words(service, service.entrypoint);
  const args = words(service, service.command);
  return {
    name: entry.name,
    image: withDefaults(service.image),
    imagePullPolicy: "IfNotPresent",
    ...(command && { command }),
    ...(args && { args }),
    ...(environment.length > 0 && { env: environment }),
    ports: entry.ports.map(({ port }) => ({ name: portName(port), containerPort: port })),
    ...probesOf(entry, service),
    ...(preStopOf(entry) > 0 && { lifecycle: { preStop: { sleep: { seconds: preStopOf(entry) } } } }),
    resources: resourcesOf(service),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: service.read_only === true,
      capabilities: { drop: ["ALL"], ...(entry.name === LISTENS_ON_80 && { add: ["NET_BIND_SERVICE"] }) },
    },
    ...(mounts.length > 0 && { volumeMounts: mounts }),
  };
}

/** Uses Compose's limits. Requests cover only what an idle part needs, so that all parts fit on one small machine. */
function resourcesOf({ mem_limit, cpus }: ComposeService) {
  const cpu = 1_000 * Number(withDefaults(cpus));
  const [, amount = "", unit = ""] = /^(\d+)(Mi|Gi)$/.exec(memory(mem_limit)) ?? [];
  const mebibytes = Number(amount) * (unit === "Gi" ? 1_024 : 1);
  return {
    requests: { cpu: `${Math.round(cpu / 20)}m`, memory: `${mebibytes / 4}Mi` },
    limits: { cpu: `${cpu}m`, memory: `${mebibytes}Mi` },
  };
}

function podSecurity(name: string, hasVolume: boolean) {
  const user = USERS[name] ?? OWN_USER;
  const group = GROUPS[name] ?? user;
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: group,
    // With OnRootMismatch, Kubernetes changes the volume's ownership only at the first start. Changing it again later
    // would make RabbitMQ's cookie and PostgreSQL's data readable by the group, which must not happen.
    ...(hasVolume && { fsGroup: group, fsGroupChangePolicy: "OnRootMismatch" }),
    seccompProfile: { type: "RuntimeDefault" },
    ...(name === LISTENS_ON_80 && {
      sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
    }),
  };
}
