import type { ServiceEntry } from "../../contracts/service-schema.ts";

export const CLUSTER = "task-observatory";
export const NAMESPACE = "task-observatory";

/** What selects the pods of a part. */
export const selectorOf = (name: string) => ({ "app.kubernetes.io/name": name });

export const labelsOf = ({ name, role }: Pick<ServiceEntry, "name" | "role">) => ({
  ...selectorOf(name),
  "app.kubernetes.io/part-of": NAMESPACE,
  "observatory/role": role,
});

/** Kubernetes wants a name for each port of several. */
export const portName = (port: number) => `port-${port}`;

/** Node ports begin here, and this many follow. */
const FIRST = 30_000;
const COUNT = 2_768;

/**
 * The node port under which cluster.yaml maps a port of this machine. It follows from that port alone: a part that is
 * added moves no other, so a cluster that exists keeps its mappings.
 */
export const nodePortOf = (port: number) => FIRST + (port % COUNT);
